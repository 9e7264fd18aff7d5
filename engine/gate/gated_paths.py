"""Which changes need a gate: by their paths alone, with the standard library alone."""

import re
from collections.abc import Iterable

# What no model, image, pipeline or judge is made of.
BESIDE = re.compile(
    r"(docs|infra|tests|engine/tests|local_kfp/tests|bench)/.*|demo/(?!flights/).*|(?!components/).*\.md|LICENSE"
    r"|\.editorconfig|\.gitignore|\.pre-commit-config\.yaml|requirements-dev\.txt"
)


def need_a_gate(paths: Iterable[str]) -> bool:
    return not all(BESIDE.fullmatch(path) for path in paths)
