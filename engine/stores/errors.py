"""What a store answers that is no failure of it."""

from engine.command_line import WorldError


class NotFound(WorldError):  # noqa: N818 - an answer of the store
    """The store answered, and there is nothing at this place."""


class LostRace(WorldError):  # noqa: N818 - an answer of the store
    """Another writer was first: what is there is not what this writer had read."""


def nothing_at(uri: str) -> NotFound:
    return NotFound(f"{uri}: there is nothing here; check the URI")


def another_first(uri: str) -> LostRace:
    return LostRace(f"{uri}: another writer was first; read it again")
