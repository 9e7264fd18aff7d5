"""Writes a measured value into mlops.yaml, with where it came from as its line's comment."""

import re
from typing import Any

import yaml

from engine.command_line import SettingsError
from engine.settings import settings

NAME = "mlops.yaml"
COMMENT_COLUMN = 34


def with_value(text: str, path: tuple[str, ...], value: str, comment: str) -> str:
    """`text` with another value at `path` and another comment on its line, and not a byte else changed."""
    node: Any = yaml.compose(text, yaml.SafeLoader)
    for key in path:
        node = next((child for name, child in node.value if name.value == key), node)
    start, end = node.start_mark.index, node.end_mark.index
    line_start = text.rfind("\n", 0, start) + 1
    line_end = end + len(re.split(r"\r?\n", text[end:], maxsplit=1)[0])
    line = text[line_start:start] + value + text[end:line_end].partition(" #")[0].rstrip()
    changed = f"{text[:line_start]}{line:<{COMMENT_COLUMN - 1}} # {comment}{text[line_end:]}"
    if _parsed(changed) == _expected(text, path, value):
        return changed
    raise SettingsError(f"{NAME}: expected {'.'.join(path)} by itself, found it shared; write {value} there")


def _parsed(text: str) -> dict[str, Any] | None:
    try:
        return settings.parse(text, NAME).model_dump()
    except SettingsError:
        return None


def _expected(text: str, path: tuple[str, ...], value: str) -> dict[str, Any]:
    document = settings.parse(text, NAME).model_dump()
    section = document
    for key in path[:-1]:
        section = section[key]
    section[path[-1]] = yaml.safe_load(value)
    return document
