"""An endpoint behind a gateway that checks tokens as Istio does, with the run that a test gives it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from engine.access.entrance import AUDIENCE
from engine.tests.standins.authority import Authority
from engine.tests.standins.http_server import CLOSED, Answer, Request, serving_requests
from engine.tests.standins.oidc_provider import REPOSITORY_ID, OidcProvider

JSON = {"Content-Type": "application/json"}
HEALTH = {"tag_name": "2.17.0", "multi_user": True}
PREFIX = "/pipeline/apis/v2beta1/"
NO_VERSION = Answer(404, JSON, b'{"code": 5, "message": "no such version"}')


@dataclass
class GuardedEndpoint:
    provider: OidcProvider
    audience: str = AUDIENCE
    repository_id: str = REPOSITORY_ID
    health: dict[str, Any] = field(default_factory=lambda: dict(HEALTH))
    run: dict[str, Any] = field(default_factory=dict)
    experiments: list[dict[str, Any]] = field(default_factory=list)
    to_create: Answer = NO_VERSION
    """What a request for a run is answered with, once its sender may create one."""
    refusal: Answer | None = None
    """What a request that was let in is answered with, instead."""
    faults: list[int] = field(default_factory=list)
    """Statuses of the next answers; 0 closes the connection without one."""
    refused: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def answer(self, request: Request) -> Answer:
        self.requests.append(f"{request.method} {request.path}")
        if self.faults:
            if not (status := self.faults.pop(0)):
                return CLOSED
            return Answer(status)
        if problem := self._problem(request):
            self.refused.append(problem.body.decode())
            return problem
        if self.refusal:
            return self.refusal
        path = request.path.partition("?")[0].removeprefix(PREFIX)
        if (request.method, path) == ("POST", "runs"):
            return self.to_create
        if path == "experiments":
            return Answer(200, JSON, json.dumps({"experiments": self.experiments}).encode())
        if path == "healthz":
            return Answer(200, JSON, json.dumps(self.health).encode())
        if path.startswith("runs/"):
            return Answer(200, JSON, json.dumps(self.run).encode())
        return Answer(200, JSON, b"{}")

    def _problem(self, request: Request) -> Answer | None:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not token:
            return Answer(403, {}, b"RBAC: access denied")
        try:
            claims = self.provider.verify(token, self.audience)
        except ValueError as error:
            return Answer(403 if "Audiences" in str(error) else 401, {}, str(error).encode())
        is_ours = claims["repository_id"] == self.repository_id and request.path.startswith(PREFIX)
        return None if is_ours else Answer(403, {}, b"RBAC: access denied")


@contextmanager
def guarded_endpoint(endpoint: GuardedEndpoint, authority: Authority, port: int = 0) -> Iterator[str]:
    """The URL of `endpoint`, served until the block is left, with a certificate of `authority`."""
    with serving_requests(endpoint.answer, authority.issue("endpoint").context(), port) as host:
        yield f"https://{host}/pipeline"
