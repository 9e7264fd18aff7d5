"""The API of a cluster, and that of EKS, as far as tokens of service accounts go."""

import base64
import json

from engine.tests.standins.authority import Authority
from engine.tests.standins.http_server import Answer, Request
from engine.tests.standins.oidc_provider import OidcProvider


class TokenApi:
    def __init__(self, provider: OidcProvider, authority: Authority):
        self.provider, self.authority, self.url = provider, authority, ""
        self.sent: list[tuple[str, str, bytes]] = []
        """Path, authorization and body of each request."""
        self.status = 201

    def answer(self, request: Request) -> Answer:
        self.sent.append((request.path, request.headers.get("Authorization", ""), request.body))
        if request.path == "/clusters/mlops":
            data = base64.b64encode(self.authority.path.read_bytes()).decode()
            about = {"endpoint": self.url, "certificateAuthority": {"data": data}}
            return Answer(200, {}, json.dumps({"cluster": about}).encode())
        if request.path.startswith("/clusters/"):
            return Answer(404, {"x-amzn-ErrorType": "ResourceNotFoundException"}, b"{}")
        if not request.path.endswith("/serviceaccounts/github-actions/token"):
            return Answer(404)
        (audience,) = json.loads(request.body)["spec"]["audiences"]
        token = self.provider.sign(aud=audience, sub="system:serviceaccount:staging:github-actions")
        return Answer(self.status, {}, json.dumps({"status": {"token": token}}).encode())
