"""CustomResourceDefinitions of KServe's kinds, made of the fields that this project uses (crds.py)."""

from typing import Any

from engine.kserve.cluster import DEFINITIONS
from engine.tests.api_server.api_server import ApiServer, wait_until
from engine.tests.standins import crds

GROUP = "serving.kserve.io"
KINDS = {"InferenceService": "v1beta1", "ServingRuntime": "v1alpha1"}
NUMBER_OR_TEXT = ["integer", "string"]


def install(server: ApiServer, kserve: crds.Version = crds.NEWEST) -> None:
    """Apply the definitions of a version of KServe, and wait until the API publishes their fields."""

    def is_published() -> bool:
        answer = server.ask("GET", DEFINITIONS)
        schemas = answer.json()["components"]["schemas"] if answer.ok else {}
        found = schemas.get("io.kserve.serving.v1beta1.InferenceService", {}).get("properties", {})
        return _fields(found) == _fields(crds.schema_of("InferenceService", kserve)["properties"])

    server.apply(definitions(kserve))
    wait_until(is_published, f"the fields of KServe {kserve} are published")


def _fields(properties: dict[str, Any]) -> list[set[str]]:
    """Names of the fields that differ between versions."""
    spec = properties.get("spec", {}).get("properties", {})
    predictor = spec.get("predictor", {}).get("properties", {})
    scaling = predictor.get("autoScaling", {}).get("properties", {})
    status = properties.get("status", {}).get("properties", {})
    return [{*found} for found in (spec, predictor, scaling, status)]


def definitions(kserve: crds.Version = crds.NEWEST) -> list[dict[str, Any]]:
    """The definitions of a version of KServe."""
    return [definition(kind, version, crds.schema_of(kind, kserve)) for kind, version in KINDS.items()]


def definition(kind: str, version: str, schema: dict[str, Any]) -> dict[str, Any]:
    plural = f"{kind.lower()}s"
    served = {
        "name": version,
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": _structural(schema) | {"type": "object"}},
        "subresources": {"status": {}},
    }
    served["schema"]["openAPIV3Schema"]["properties"]["metadata"] = {"type": "object"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural, "singular": kind.lower()},
            "versions": [served],
        },
    }


def _structural(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema as a definition may have it: objects are closed there without a word."""
    made = dict(schema)
    if made.get("additionalProperties") is False:
        del made["additionalProperties"]
    if made.get("type") == NUMBER_OR_TEXT:
        del made["type"]
        made |= {"x-kubernetes-int-or-string": True, "anyOf": [{"type": kind} for kind in NUMBER_OR_TEXT]}
    for name in ("items", "additionalProperties"):
        if name in made:
            made[name] = _structural(made[name])
    if "properties" in made:
        made["properties"] = {key: _structural(value) for key, value in made["properties"].items()}
    return made
