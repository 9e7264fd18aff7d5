"""Evaluates the policies of infra/aws as IAM does: an Allow applies, and no Deny."""

import json
import re
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from engine.tests.project import ROOT

POLICIES = ROOT / "infra/aws/policies"
Document = dict[str, Any]
Context = Mapping[str, str]
NO_CONTEXT: Context = {}


def rendered(name: str, **values: object) -> Document:
    """A template of infra/aws/policies as Terraform's templatefile renders it."""
    text = (POLICIES / f"{name}.json.tftpl").read_text()
    text = re.sub(r"\$\{jsonencode\((\w+)\)\}", lambda match: json.dumps(values[match[1]]), text)
    return json.loads(re.sub(r"\$\{(\w+)\}", lambda match: str(values[match[1]]), text))


def allows(policy: Document, action: str, resource: str = "", context: Context = NO_CONTEXT) -> bool:
    """Whether `policy` alone allows the action."""
    effects = {
        statement["Effect"]
        for statement in policy["Statement"]
        if applies(statement, action, resource, context)
    }
    return effects == {"Allow"}


def applies(statement: Document, action: str, resource: str, context: Context) -> bool:
    resources = each(statement.get("Resource", resource))  # a trust policy names none
    return (
        any(fnmatchcase(action, pattern) for pattern in each(statement["Action"]))
        and any(matches_like(resource, pattern) for pattern in resources)
        and all(
            CONDITIONS[operator](context.get(key), each(expected))
            for operator, keys in statement.get("Condition", {}).items()
            for key, expected in keys.items()
        )
    )


def each(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def matches_like(value: str, pattern: str) -> bool:
    """As IAM compares resources and StringLike: `*` and `?` match slashes too."""
    parts = [{"*": ".*", "?": "."}.get(part, re.escape(part)) for part in re.split(r"([*?])", pattern)]
    return re.fullmatch("".join(parts), value, re.DOTALL) is not None


CONDITIONS: dict[str, Callable[[str | None, list[str]], bool]] = {
    "StringEquals": lambda value, expected: value in expected,
    "StringLike": lambda value, expected: (
        value is not None and any(matches_like(value, pattern) for pattern in expected)
    ),
    "Bool": lambda value, expected: value in expected,
}
"""A key that the request does not have fulfils none of them."""


def files_of(folder: Path) -> list[str]:
    return sorted(path.name.removesuffix(".json.tftpl") for path in folder.glob("*.json.tftpl"))
