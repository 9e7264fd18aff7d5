"""What a change replaces of its base, as old and new values: a part of a verdict's provenance."""

from typing import Annotated, NotRequired, TypedDict

from engine.documents.keywords import Count, Keywords

CommitUrl = Annotated[
    str, Keywords(pattern="^https?://[A-Za-z0-9.:-]+(/[A-Za-z0-9._-]+){2}/commit/[0-9a-f]{40}$")
]


class Commit(TypedDict):
    """A commit, with the moment that it was made at, in UTC, and its page if it has one."""

    sha: str
    subject: str
    author: str
    time: str
    url: NotRequired[CommitUrl]


class Replaced(TypedDict):
    """A value before and after, as text; null if it did not exist."""

    name: str
    old: str | None
    new: str | None


class ReplacedLibrary(Replaced):
    """The versions of a library in the locks of `components`."""

    components: list[str]


class Changes(TypedDict):
    """What a change replaces; `omitted` counts the entries that the lists have no room for."""

    base: NotRequired[Commit]
    candidate: NotRequired[Commit]
    settings: list[Replaced]
    features_added: list[str]
    features_removed: list[str]
    libraries: list[ReplacedLibrary]
    omitted: Count
