"""A cluster: a real API server accepts or refuses each request, the stand-in acts as KServe's controller."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import urlsplit

import requests

from engine.tests.api_server.api_server import ApiServer
from engine.tests.standins.http_server import Answer, Request, serving_requests
from engine.tests.standins.kubernetes_api import DEFINITIONS, TOKEN, FakeClock, KubernetesApi

MISSING = re.compile(r'cannot (\w+) resource \\"([\w/]+)\\" in API group \\"([\w.]*)\\"')


class Right(NamedTuple):
    group: str
    resource: str
    verb: str


@dataclass
class ServingCluster:
    server: ApiServer
    controller: KubernetesApi = field(default_factory=lambda: KubernetesApi(FakeClock()))
    missing: list[Right] = field(default_factory=list)
    """The rights that requests were refused without."""
    session: requests.Session = field(default_factory=requests.Session)

    def answer(self, request: Request) -> Answer:
        path = urlsplit(request.path).path
        if path.startswith("/v2/"):
            return self.controller.answer(request)
        real = self._ask(request)
        refused = real.status_code >= 400 and (real.status_code != 404 or request.method == "PATCH")
        if refused or path == DEFINITIONS:
            self.missing += [
                Right(group, resource, verb) for verb, resource, group in MISSING.findall(real.text)
            ]
            return Answer(real.status_code, {"Content-Type": "application/json"}, real.content)
        headers = {**request.headers, "Authorization": f"Bearer {TOKEN}"}
        return self.controller.answer(request._replace(headers=headers))

    def _ask(self, request: Request) -> requests.Response:
        names = ("Authorization", "Content-Type", "Accept")
        return self.session.request(
            request.method,
            self.server.url + request.path,
            headers={name: request.headers[name] for name in names if name in request.headers},
            data=request.body,
            verify=str(self.server.certificate),
            timeout=30,
        )


@contextmanager
def serving_cluster(server: ApiServer) -> Iterator[ServingCluster]:
    cluster = ServingCluster(server)
    with serving_requests(cluster.answer) as host, cluster.session:
        cluster.controller.url = f"http://{host}"
        yield cluster
