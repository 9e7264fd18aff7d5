"""Read the verdict that a stranger's run left: checked before a word of it is used or printed."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from engine.documents.verdict import Verdict
from engine.github.announcements import sha256

MOST_BYTES = 1_000_000
DEEPEST = 12
LARGEST = 1e15
SCHEMA = Path(__file__).parents[1] / "documents/verdict.schema.json"
DETACHED = "detached.json"


@dataclass(frozen=True)
class Left:
    """What a run left: a verdict, or why there is none to use, or word that the gate still goes on."""

    verdict: Verdict | None = None
    trouble: str = ""
    detached: bool = False


def read(folder: Path, announced: str) -> Left:
    """Of the files in `folder` only verdict.json is read; the folder may be missing.

    `announced` is what the gate announced of it, "sha256:" and its hash.
    """
    path = folder / "verdict.json"
    if path.is_symlink() or (path.exists() and not path.is_file()):
        return Left(trouble="expected verdict.json to be a file, found something else")
    if not path.exists():
        return Left(detached=(folder / DETACHED).is_file())
    if announced != f"sha256:{sha256(path)}":
        return Left(trouble="expected the verdict that the gate announced, found another; run the gate again")
    try:
        return Left(checked(path))
    except ValueError as error:
        from engine.wording import text

        return Left(trouble=text.printable(f"expected a verdict in verdict.json, found {error}")[:300])


def checked(path: Path) -> Verdict:
    """The verdict; ValueError says what it is instead."""
    import jsonschema

    with path.open("rb") as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ValueError(f"more than {MOST_BYTES:,} bytes")
    try:
        verdict: Verdict = json.loads(content, parse_constant=refuse)
    except RecursionError:
        raise ValueError("one that is nested too deep") from None
    check_sizes(verdict, DEEPEST)
    schema = json.loads(SCHEMA.read_bytes())
    errors = jsonschema.Draft202012Validator(schema).iter_errors(verdict)
    if error := jsonschema.exceptions.best_match(errors):
        raise ValueError(f"{error.json_path}: {error.message}")
    return verdict


def check_sizes(value: object, deeper: int) -> None:
    """What the schema cannot say: how deep, and how large a number."""
    if deeper == 0:
        raise ValueError("one that is nested too deep")
    if isinstance(value, int | float) and abs(value) > LARGEST:
        raise ValueError("a number that is too large")
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        check_sizes(each, deeper - 1)


def refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant}, which is no number")
