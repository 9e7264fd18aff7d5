"""What kind of change it is, which says whether its model must be better, or not worse."""

import re
from pathlib import Path

from engine.gate.model_code import BORN_FROM, ModelCode

LOCKS = re.compile(r"requirements\.(in|txt)")
BASE_IMAGE = re.compile(rb"(?m)^FROM .*$")


def only_updates(candidate: ModelCode, control: ModelCode) -> bool:
    """Whether nothing of what makes the model differs but locked libraries, base images and the seed."""
    mine, base = (_made_of(code) for code in (candidate, control))
    pairs = [(candidate.images[name].path, control.images[name].path) for name in BORN_FROM]
    return mine == base and all(_same_but_libraries(*pair) for pair in pairs)


def _made_of(code: ModelCode) -> dict[str, object]:
    """The settings that make a model, without the seed."""
    sections = {"data", "label", "windows", "features", "training"}
    return code.settings.model_dump(mode="json", include=sections, exclude={"training": {"seed"}})


def _same_but_libraries(mine: Path, base: Path) -> bool:
    """Whether two staged contexts have the same files, locks and base images aside."""
    ours, theirs = (_code(context) for context in (mine, base))
    return mine == base or ours == theirs


def _code(context: Path) -> dict[str, bytes]:
    files = {path.relative_to(context).as_posix(): path for path in context.rglob("*") if path.is_file()}
    kept = {name: path for name, path in files.items() if not LOCKS.fullmatch(path.name)}
    return {
        name: BASE_IMAGE.sub(b"FROM", path.read_bytes()) if path.name == "Dockerfile" else path.read_bytes()
        for name, path in kept.items()
    }
