"""What a pull request changes of what judges it, as GitHub tells its files."""

from collections.abc import Iterable, Mapping
from typing import Any

from engine.gate.judging_paths import PATHS
from engine.gate.model_code import BORN_FROM

WORKFLOWS = ".github/workflows/"
MODEL = tuple(f"components/{name}/" for name in BORN_FROM)


def paths_of(files: Iterable[Mapping[str, Any]]) -> list[str]:
    """The paths that a pull request touches; a file that moved has two."""
    return sorted(
        {path for file in files for path in (file["filename"], file.get("previous_filename")) if path}
    )


def workflows_of(paths: Iterable[str]) -> list[str]:
    """GitHub takes these from the pull request itself: they count at once."""
    return [path for path in paths if path.startswith(WORKFLOWS)]


def judges_of(paths: Iterable[str]) -> list[str]:
    """These count after the merge: until then the base's are used."""
    return [
        path
        for path in paths
        if not path.startswith(WORKFLOWS)
        and (PATHS.fullmatch(path) or (path.startswith("components/") and not path.startswith(MODEL)))
    ]
