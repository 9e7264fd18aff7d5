"""champion.json that is missing beside a ledger with moves: an error, and its repair."""

import re
import time
from collections.abc import Callable

from engine.command_line import SettingsError, WorldError
from engine.documents.documents import Documents
from engine.documents.ledger import Move, Pointer
from engine.model_registry.layout import POINTER
from engine.stores.storage import LostRace

MOVE = re.compile(r"ledger/\d{6,}-[0-9a-f]+\.json")
PAUSE = 1.0
"""Seconds in which a first promotion, whose move is there already, replaces the pointer."""
ReadPointer = Callable[[], tuple[Pointer, str | None]]


def present_pointer(documents: Documents, read: ReadPointer) -> Pointer:
    """The pointer that `read` gives. WorldError if there is none and the ledger has moves."""
    pointer, tag = read()
    if tag is not None or not _keys(documents):
        return pointer
    time.sleep(PAUSE)
    pointer, tag = read()
    if tag is None:
        raise WorldError(
            f"{documents.uri}/{POINTER}: expected it beside a ledger that has moves, found no such file;"
            " restore it from a backup, or let python -m scripts.repair_champion make it from the newest move"
        )
    return pointer


def repair_pointer(documents: Documents, version: str = "") -> Pointer:
    """Make the pointer again from the newest move; of several, from the one to the version `version`."""
    newest = _newest(documents)
    chosen = [move for move in newest if move["version"].startswith(version)]
    if len(chosen) != 1:
        versions = ", ".join(sorted(move["version"] for move in newest)) or "none"
        raise SettingsError(f"{documents.uri}: expected one newest move, found {versions}; name its version")
    move, key = chosen[0], chosen[0]["ledger"]
    pointer: Pointer = {"version": move["version"], "sequence": move["sequence"], "ledger": key}
    try:
        documents.swap(POINTER, pointer, None)
    except LostRace:
        raise SettingsError(
            f"{documents.uri}/{POINTER}: expected no such file, found one; it stays"
        ) from None
    return pointer


def _newest(documents: Documents) -> list[Move]:
    """The moves with the highest number: several, if they raced and one of them won."""
    moves = [documents.read(key, Move)[0] for key in _keys(documents)]
    highest = max((move["sequence"] for move in moves), default=0)
    return [move for move in moves if move["sequence"] == highest]


def _keys(documents: Documents) -> list[str]:
    return sorted(filter(MOVE.fullmatch, documents.store.names()))
