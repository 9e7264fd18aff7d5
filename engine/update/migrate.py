"""Rewrite what moved in the files that are the user's own or that the user edited."""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

from engine.update.dockerfiles import rewrite_dockerfile
from engine.update.git import Files, Git
from engine.update.moves import Moves
from engine.update.pins import ACTION, IMAGE, Pins, pinning
from engine.update.python_code import rewrite_python

TEXTS = re.compile(r"(.*/)?(Makefile|CODEOWNERS|[^/]+\.(ya?ml|sh|toml|mk))")


def migrate(work: Git, theirs: Files, moves: Moves) -> list[str]:
    """The paths of the rewritten files; what the template has in the same words stays."""
    own = [path for path, blob in _index(work).items() if theirs.get(path) != blob]
    return [path for path in own if edit(work.folder / path, partial(_moved, path, moves))]


def _index(work: Git) -> Files:
    entries = work.bytes("ls-files", "--stage", "-z").split(b"\0")
    split = (entry.split(b"\t", 1) for entry in entries if entry.startswith(b"100"))
    return {path.decode(errors="surrogateescape"): details.split()[1].decode() for details, path in split}


def _moved(path: str, moves: Moves, text: str) -> str:
    if path.endswith(".py"):
        return rewrite_python(text, moves)
    if Path(path).name == "Dockerfile":
        return rewrite_dockerfile(text, moves)
    return moves.in_text(text) if TEXTS.fullmatch(path) else text


def pin_alike(work: Git, template: Git, base: str, target: str) -> None:
    """Give actions and base images the newest pin in all workflows and Dockerfiles, the user's too."""
    paths = pinning(template.files(base))
    before, ours, theirs = (
        "\n".join(git.text(commit, path) for path in paths)
        for git, commit in ((template, base), (work, "HEAD"), (template, target))
    )
    kinds = [Pins(pattern, before, ours, theirs) for pattern in (ACTION, IMAGE)]
    for path in pinning(_index(work)):
        for pins in kinds:
            edit(work.folder / path, pins.rewrite)


def edit(path: Path, rewrite: Callable[[str], str]) -> bool:
    """Rewrite a text file, its line ends kept; whether it changed."""
    try:
        text = path.read_bytes().decode()
    except (OSError, UnicodeDecodeError):
        return False
    plain = text.replace("\r\n", "\n")
    new = rewrite(plain)
    if new == plain:
        return False
    path.write_bytes((new.replace("\n", "\r\n") if "\r\n" in text else new).encode())
    return True
