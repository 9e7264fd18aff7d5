"""Rewrite what moved in Dockerfiles: what a COPY copies, and where to."""

import re
from posixpath import basename, dirname, join, normpath

from engine.update.moves import Moves

COPY = re.compile(r"(?m)^COPY (?!.*(--|\[))((?:[^\n\\]|\\\n|\\.)+)$")


def rewrite_dockerfile(text: str, moves: Moves) -> str:
    """COPY lines by source, because those of one line may have moved to several folders; the rest as text."""
    return moves.in_text(COPY.sub(lambda line: _copy(line, moves), text))


def _copy(line: re.Match[str], moves: Moves) -> str:
    *sources, destination = line[2].replace("\\\n", " ").split()
    if not any(map(moves.path, sources)):
        return line[0]
    copied: dict[str, list[str]] = {}
    for source in sources:
        new = (moves.path(source) or source).removesuffix("/__init__.py")  # a package is copied whole
        place = _destination(source, new, destination)
        if new not in copied.setdefault(place, []):
            copied[place].append(new)
    return "\n".join(_instruction(names, place) for place, names in copied.items())


def _destination(source: str, new: str, destination: str) -> str:
    """Where the source mirrors the tree in the image, the new one does too."""
    folder = "." not in basename(source.rstrip("/"))
    copied_to = destination if folder else join(destination, basename(source))
    if new == source or normpath(copied_to) != normpath(source):
        return destination
    return new if "." not in basename(new.rstrip("/")) else f"{dirname(new)}/"


def _instruction(sources: list[str], destination: str) -> str:
    line = " ".join(["COPY", *sources, destination])
    return line if len(line) <= 110 else " \\\n     ".join([f"COPY {sources[0]}", *sources[1:], destination])
