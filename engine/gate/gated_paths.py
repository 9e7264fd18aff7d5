"""Which changes need a gate: by their paths and what images copy, with the standard library alone."""

import re
from collections.abc import Iterable, Set

# What no model, pipeline or judge is made of, unless an image copies it.
BESIDE = re.compile(
    r"(docs|infra|tests|engine/tests|local_kfp/tests|bench)/.*|demo/(?!flights/).*|(?!components/).*\.md|LICENSE"
    r"|\.editorconfig|\.gitignore|\.pre-commit-config\.yaml|requirements-dev\.txt"
)


def need_a_gate(paths: Iterable[str], copied: Set[str]) -> bool:
    """Whether any of the changed `paths` does; `copied` are those in the images of change and base."""
    return any(path in copied or not BESIDE.fullmatch(path) for path in paths)
