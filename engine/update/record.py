"""The tracked file that says which version of the template a copy has."""

import json
import re
import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from engine.update.git import Git, SettingsError

PATH = ".github/template.json"


@dataclass(frozen=True)
class Record:
    """`commit` is empty in the template itself, and in a copy until its first update."""

    template: str = ""
    version: str = ""
    commit: str = ""

    @classmethod
    def at(cls, git: Git, commit: str) -> Self:
        """The record of a commit; an empty one if the commit has none."""
        text = git.text(commit, PATH) or "{}"
        try:
            document = json.loads(text)
            return cls(**{name: str(document.get(name, "")) for name in ("template", "version", "commit")})
        except (ValueError, AttributeError):
            raise SettingsError(f"{PATH}: expected a JSON object, found {text[:60]!r}; restore it") from None

    def write(self, root: Path) -> None:
        path = root / PATH
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")


def version_at(template: Git, commit: str) -> str:
    """The version of the template that pyproject.toml of a commit names."""
    try:
        project = tomllib.loads(template.text(commit, "pyproject.toml"))["project"]
        return str(project["version"])
    except (tomllib.TOMLDecodeError, KeyError):
        return "0"


def numbers(version: str) -> tuple[int, ...]:
    """What versions are ordered by: 1.10.0 is newer than 1.9.0."""
    return tuple(map(int, re.findall(r"\d+", version.partition("+")[0])))
