"""The way into an endpoint that a mode opens."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.access.tokens import Credential, NoCredential

Environment = Mapping[str, str]
AUDIENCE = "pipelines.kubeflow.org"


@dataclass(frozen=True)
class Entrance:
    """Where requests go, what lets them in, and who signs the server's certificate.

    `authority` is a file of certificates; without one, the environment's or the system's count.
    """

    host: str
    credential: Credential = field(default_factory=NoCredential)
    authority: str | None = None


def audience(environment: Environment) -> str:
    return environment.get("KUBEFLOW_AUDIENCE") or AUDIENCE
