"""The fields of Kubernetes objects that this project uses, and what the objects' definitions demand of them.

A path names a field: `!` marks it as required, `[]` is an item of a list, `*` is any key of a map. Objects
are closed: a field that no table names is refused. Before you add one, look it up in the definitions.

Compared in November 2026 with the CRDs of KServe 0.15.0, 0.15.2, 0.16.0, 0.17.0, 0.18.0, 0.19.0 and 0.20.0
(config/crd/full) and of the Gateway API 1.2.1, 1.3.0, 1.4.0 and 1.5.1 (config/crd/standard): these versions
agree on every field here, except that KServe added those of SINCE later.
"""

from typing import Any

import jsonschema

Schema = dict[str, Any]
Fields = dict[str, Schema]

NUMBER = r"(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))"
LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
STRING: Schema = {"type": "string"}
INTEGER: Schema = {"type": "integer"}
BOOLEAN: Schema = {"type": "boolean"}
EMPTY: Schema = {"type": "object", "additionalProperties": False}
PREDICTOR_NAME: Schema = {"type": "string", "pattern": "^[a-z]([-a-z0-9]*[a-z0-9])?$"}
NAMESPACE: Schema = {"type": "string", "pattern": f"^{LABEL}$"}
KIND: Schema = {"type": "string", "pattern": "^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$"}
GROUP: Schema = {"type": "string", "pattern": rf"^$|^{LABEL}(\.{LABEL})*$"}
HOST: Schema = {"type": "string", "pattern": rf"^(\*\.)?{LABEL}(\.{LABEL})*$"}
HEADER: Schema = {"type": "string", "pattern": r"^[A-Za-z0-9!#$%&'*+\-.^_\x60|~]+$"}
PERCENT: Schema = {"type": "integer", "minimum": 0, "maximum": 100}
PORT: Schema = {"type": "integer", "minimum": 1, "maximum": 65535}
NUMBER_OR_NAME: Schema = {"type": ["integer", "string"]}
QUANTITY: Schema = {
    "type": ["integer", "string"],
    "pattern": rf"^(\+|-)?{NUMBER}(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?{NUMBER}))?$",
}
METADATA: Schema = {
    "type": "object",
    "properties": {"annotations": {"type": "object", "additionalProperties": STRING}},
}


def under(path: str, fields: Fields) -> Fields:
    return {f"{path}.{name}": schema for name, schema in fields.items()}


OBJECT: Fields = {"apiVersion": STRING, "kind": STRING, "metadata": METADATA}
ENVIRONMENT: Fields = {"env[].name!": STRING, "env[].value": STRING}
PREDICTOR: Fields = {
    "name": PREDICTOR_NAME,
    "annotations.*": STRING,
    "serviceAccountName": STRING,
    "minReplicas": INTEGER,
    "canaryTrafficPercent": INTEGER,
    "autoScaling.metrics[].type!": STRING,
    "autoScaling.behavior.scaleUp.stabilizationWindowSeconds": INTEGER,
    "model.modelFormat.name!": STRING,
    "model.protocolVersion": STRING,
    "model.runtime": STRING,
    "model.storageUri": STRING,
    **under("model", ENVIRONMENT),
    "model.readinessProbe.httpGet.path": STRING,
    "model.readinessProbe.httpGet.port": NUMBER_OR_NAME,
    "model.readinessProbe.periodSeconds": INTEGER,
    "model.readinessProbe.failureThreshold": INTEGER,
    "model.resources.requests.*": QUANTITY,
    "model.resources.limits.*": QUANTITY,
}
INFERENCE_SERVICE: Fields = {
    **OBJECT,
    **under("spec.predictor!", PREDICTOR),
    "spec.predictor!.model.name": STRING,
    "spec.canary[].trafficPercent!": PERCENT,
    **under("spec.canary[].predictor!", PREDICTOR),
    # Of a canary's predictor the CRD requires more than of the stable one.
    "spec.canary[].predictor!.model.modelFormat!.name!": STRING,
    "spec.canary[].predictor!.model.name!": STRING,
    "spec.canary[].predictor!.model.readinessProbe.httpGet.port!": NUMBER_OR_NAME,
    "status.conditions[].type!": STRING,
    "status.conditions[].status!": STRING,
    "status.conditions[].reason": STRING,
    "status.conditions[].message": STRING,
    "status.components.*.latestRolledoutRevision": STRING,
    "status.deploymentMode": STRING,
    "status.observedGeneration": INTEGER,
    "status.url": STRING,
    "status.canaryStatuses[].name!": STRING,
    "status.canaryStatuses[].ready!": BOOLEAN,
    "status.canaryStatuses[].trafficPercent!": INTEGER,
}
CONTAINER: Fields = {
    "name!": STRING,
    "image": STRING,
    "command[]": STRING,
    **ENVIRONMENT,
    "ports[].containerPort!": INTEGER,
    "ports[].protocol": STRING,
    "securityContext.allowPrivilegeEscalation": BOOLEAN,
    "securityContext.readOnlyRootFilesystem": BOOLEAN,
    "securityContext.runAsNonRoot": BOOLEAN,
    "securityContext.capabilities.drop[]": STRING,
    "securityContext.seccompProfile.type!": STRING,
    "volumeMounts[].name!": STRING,
    "volumeMounts[].mountPath!": STRING,
}
SERVING_RUNTIME: Fields = {
    **OBJECT,
    "spec.supportedModelFormats[].name!": STRING,
    "spec.supportedModelFormats[].version": STRING,
    "spec.supportedModelFormats[].autoSelect": BOOLEAN,
    "spec.protocolVersions[]": STRING,
    **under("spec.containers![]", CONTAINER),
    "spec.volumes[].name!": STRING,
    "spec.volumes[].emptyDir": EMPTY,
}
HTTP_ROUTE: Fields = {
    **OBJECT,
    "spec!.parentRefs[].group": GROUP,
    "spec!.parentRefs[].kind": KIND,
    "spec!.parentRefs[].namespace": NAMESPACE,
    "spec!.parentRefs[].name!": STRING,
    "spec!.hostnames[]": HOST,
    "spec!.rules[].matches[].path.type": {"enum": ["Exact", "PathPrefix", "RegularExpression"]},
    "spec!.rules[].matches[].path.value": STRING,
    "spec!.rules[].matches[].headers[].type": {"enum": ["Exact", "RegularExpression"]},
    "spec!.rules[].matches[].headers[].name!": HEADER,
    "spec!.rules[].matches[].headers[].value!": STRING,
    "spec!.rules[].backendRefs[].kind": KIND,
    "spec!.rules[].backendRefs[].name!": STRING,
    "spec!.rules[].backendRefs[].port": PORT,
}
SECRET: Fields = {**OBJECT, "type": STRING, "data.*": STRING}
SERVICE_ACCOUNT: Fields = {**OBJECT, "secrets[].name": STRING}
KINDS = {
    "InferenceService": INFERENCE_SERVICE,
    "ServingRuntime": SERVING_RUNTIME,
    "HTTPRoute": HTTP_ROUTE,
    "Secret": SECRET,
    "ServiceAccount": SERVICE_ACCOUNT,
}
Version = tuple[int, ...]
NEWEST: Version = (0, 20)
SINCE: dict[str, Version] = {
    "spec.predictor!.autoScaling.behavior": (0, 16),
    "spec.predictor!.name": (0, 20),
    "spec.canary[]": (0, 20),
    "status.canaryStatuses[]": (0, 20),
    "status.deploymentMode": (0, 15, 2),
}
"""The first version of KServe that knows a field, where that is not 0.15.0."""


def schema_of(kind: str, kserve: Version = NEWEST) -> Schema:
    """JSON Schema of a kind in a version of KServe."""
    schema: Schema = {}
    late = tuple(path for path, since in SINCE.items() if since > kserve)
    for path, field in KINDS[kind].items():
        if not path.startswith(late):
            _add(schema, path.replace("[]", ".[]").split("."), field)
    return schema


def _add(schema: Schema, path: list[str], field: Schema) -> None:
    """Add what a field's schema demands, and the objects and lists above it, to `schema`."""
    for part in path:
        name = part.rstrip("!")
        if part == "[]":
            schema["type"] = "array"
            schema = schema.setdefault("items", {})
        elif part == "*":
            schema["type"] = "object"
            schema = schema.setdefault("additionalProperties", {})
        else:
            schema |= {"type": "object", "additionalProperties": False}
            if part.endswith("!") and name not in schema.setdefault("required", []):
                schema["required"].append(name)
            schema = schema.setdefault("properties", {}).setdefault(name, {})
    schema |= field


def errors(manifest: dict[str, Any], kserve: Version = NEWEST) -> list[jsonschema.ValidationError]:
    """What the definition of the manifest's kind refuses."""
    return [*jsonschema.Draft202012Validator(schema_of(manifest["kind"], kserve)).iter_errors(manifest)]
