"""Documents that hostile requests are made of."""

DEEP = 100_000


def deep(levels: int) -> bytes:
    return b"[" * levels + b"]" * levels


SPEC = {
    "schemaVersion": "2.1.0",
    "pipelineInfo": {"name": "p"},
    "root": {"dag": {"tasks": {}}},
    "components": {},
    "deploymentSpec": {"executors": {}},
}
