"""Mode service-account: tokens of a service account of the cluster that KUBECONFIG names, or the pod's."""

from collections.abc import Iterator
from contextlib import contextmanager

from engine.access.cluster_tokens import namespace_of, request_token
from engine.access.entrance import Entrance, Environment
from engine.access.tokens import MintedToken
from engine.kserve.cluster import Cluster


@contextmanager
def enter(host: str, environment: Environment) -> Iterator[Entrance]:
    api = Cluster(namespace_of(environment)).api
    yield Entrance(host, MintedToken(lambda: request_token(api, environment)))
