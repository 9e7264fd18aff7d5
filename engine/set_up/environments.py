"""The environments that workflows name: what each one is for, and what it has."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

STORE_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
SECRETS_OF_MODE = {
    "token": ("KUBEFLOW_TOKEN",),
    "dex": ("KUBEFLOW_PASSWORD",),
    "service-account": ("KUBECONFIG",),
}
EnvironmentName = Literal[
    "pull-request", "images", "staging", "production", "schedules", "notifications", "template-update"
]


@dataclass(frozen=True)
class EnvironmentKind:
    name: EnvironmentName
    purpose: str
    on_main: bool = True
    """Whether its jobs run on the default branch only."""
    reviewed: bool = False
    """Whether people approve its jobs."""
    secrets: tuple[str, ...] = ()
    """What it needs whatever its variables are."""


KINDS = (
    EnvironmentKind("pull-request", "the gate on an endpoint", on_main=False),
    EnvironmentKind("images", "pushing main's images"),
    EnvironmentKind("staging", "the first deployment, with a smoke run"),
    EnvironmentKind("production", "the deployment that trains the production model", reviewed=True),
    EnvironmentKind("schedules", "training, monitoring, inference and patches"),
    EnvironmentKind("notifications", "messages about failures, alarms and models", secrets=("NOTIFY_URL",)),
    EnvironmentKind("template-update", "pull requests of update", secrets=("UPDATE_TOKEN",)),
)


def secrets_of(variables: dict[str, str]) -> Iterator[str]:
    """The secrets that an environment with these variables needs."""
    if "DOCKERHUB_USERNAME" in variables and "DOCKERHUB_OIDC_CONNECTIONID" not in variables:
        yield "DOCKERHUB_TOKEN"
    if "IMAGE_REGISTRY_USERNAME" in variables:
        yield "IMAGE_REGISTRY_PASSWORD"
    if "KUBEFLOW_HOST" in variables:
        yield from SECRETS_OF_MODE.get(variables.get("KUBEFLOW_AUTH", "token"), ())
    if "AWS_ROLE_ARN" not in variables and any(value.startswith("s3://") for value in variables.values()):
        yield from STORE_KEYS


def stored(prefix: str, environment: EnvironmentName) -> dict[str, str]:
    """Where versions, results and predictions are below one prefix of a store.

    A pull request reads production's model registry and writes its results beside all others.
    """
    place = {"pull-request": "pull-requests", "schedules": "production"}.get(environment, environment)
    registry = "production" if environment == "pull-request" else place
    variables = {
        "MODEL_REGISTRY_URI": f"{prefix}/models/{registry}",
        "RESULTS_URI": f"{prefix}/results/{place}",
    }
    return (
        variables if registry != place else variables | {"PREDICTIONS_URI": f"{prefix}/predictions/{place}"}
    )
