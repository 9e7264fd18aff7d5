"""The tables of what moved in each version of the template: modules, and paths of files and folders."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from engine.update.record import numbers

TABLES = Path(__file__).with_name("migrations")


@dataclass(frozen=True)
class Moves:
    """Old names and new ones, and the tree in which they are rewritten.

    What the user added below an old package or folder is still there, so its name stays."""

    root: Path
    modules: dict[str, str] = field(default_factory=dict)
    paths: dict[str, str] = field(default_factory=dict)

    @classmethod
    def since(cls, version: str, root: Path, tables: Path = TABLES) -> Self:
        """All moves of `version` and later. Those of `version` itself count because a copy may have been made
        between two releases, and rewriting twice changes nothing."""
        modules: dict[str, str] = {}
        paths: dict[str, str] = {}
        for file in sorted(tables.glob("*.json"), key=lambda file: numbers(file.stem)):
            if numbers(file.stem) >= numbers(version):
                table = json.loads(file.read_text(encoding="utf-8"))
                modules = _followed(modules, table.get("modules", {}), ".")
                paths = _followed(paths, table.get("paths", {}), "/")
        return cls(root, modules, paths)

    def module(self, name: str) -> str | None:
        """The new name of a module, or of something in one; None if it did not move."""
        pieces = name.split(".")
        for length in range(len(pieces), 0, -1):
            known = ".".join(pieces[:length])
            if known in self.modules:
                return ".".join([self.modules[known], *pieces[length:]])
            if (self.root / f"{known.replace('.', '/')}.py").is_file():
                return None
        return None

    def path(self, name: str) -> str | None:
        """The new path of a file or folder; None if it did not move."""
        name, slash = name.rstrip("/"), "/" * name.endswith("/")
        pieces = name.split("/")
        for length in range(len(pieces), 0, -1):
            known = "/".join(pieces[:length])
            if known in self.paths:
                return "/".join([self.paths[known].rstrip("/"), *pieces[length:]]) + slash
            if (self.root / known).is_file():
                return None
        return None

    def in_text(self, text: str) -> str:
        """Rewrite paths, and modules after `-m`."""

        def path(match: re.Match[str]) -> str:
            return (match[1] or "") + (self.path(match[2]) or match[2])

        def module(match: re.Match[str]) -> str:
            return match[1] + (self.module(match[2]) or match[2])

        text = re.sub(r"(?<![\w./-])(\./)?([\w.-]+(?:/[\w.-]+)+/?)", path, text)
        return re.sub(r"""(-m[ "',]+)([A-Za-z_]\w*(?:\.\w+)+)""", module, text)


def _followed(older: dict[str, str], newer: dict[str, str], separator: str) -> dict[str, str]:
    """Two tables as one: what the older moved, the newer may move again."""

    def latest(name: str) -> str:
        pieces = name.split(separator)
        for length in range(len(pieces), 0, -1):
            if (known := separator.join(pieces[:length])) in newer:
                return separator.join([newer[known], *pieces[length:]])
        return name

    return {**newer, **{old: latest(new) for old, new in older.items()}}
