"""Where the loop runs: a cluster, an image repository and a store, as the environment names them."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.command_line import SettingsError

NEEDED = {
    "KUBECONFIG": "a kubeconfig of the cluster",
    "KUBEFLOW_HOST": "the URL of its Kubeflow Pipelines",
    "IMAGE_REPOSITORY": "an image repository that buildah may push to and the cluster pulls from",
    "STORE_URI": "s3://bucket/folder, where objects may be written and deleted",
}


@dataclass(frozen=True)
class Place:
    images: str
    store_uri: str
    """A folder that nothing else writes to."""
    store: dict[str, Any]
    """`store` of mlops.yaml: how tasks reach the store."""
    environment: dict[str, str]
    """What a user's commands get."""


def read_place(name: str, environment: Mapping[str, str] = os.environ) -> Place:
    """The place for a loop called `name`; STORE_SETTINGS is `store` of mlops.yaml as JSON (default: {})."""
    if missing := [variable for variable in NEEDED if not environment.get(variable)]:
        wanted = ", ".join(f"{variable} ({NEEDED[variable]})" for variable in missing)
        raise SettingsError(f"expected {wanted}, found none")
    store_uri = f"{environment['STORE_URI'].rstrip('/')}/{name}"
    user = {
        variable: value
        for variable, value in environment.items()
        if variable.startswith(("AWS_", "KUBE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"))
    }
    user |= {
        "MODEL_REGISTRY_URI": f"{store_uri}/models",
        "RESULTS_URI": f"{store_uri}/results",
        "PREDICTIONS_URI": f"{store_uri}/predictions",
    }
    return Place(environment["IMAGE_REPOSITORY"], store_uri, _store(environment), user)


def _store(environment: Mapping[str, str]) -> dict[str, Any]:
    text = environment.get("STORE_SETTINGS") or "{}"
    try:
        store = json.loads(text)
    except ValueError:
        store = None
    if not isinstance(store, dict):
        raise SettingsError(f"STORE_SETTINGS: expected a JSON object, found {text[:60]!r}")
    return store
