"""One part of what a repository on GitHub is set up with."""

from abc import ABC, abstractmethod

from engine.github.api import GitHub, NotFound


class Part(ABC):
    """One thing that the repository should have."""

    @property
    @abstractmethod
    def title(self) -> str:
        """What it is, as a person calls it."""

    @property
    @abstractmethod
    def command(self) -> str:
        """What a person with the rights runs in place of `make`."""

    @abstractmethod
    def is_made(self, github: GitHub) -> bool:
        """Whether the repository has it, just so."""

    @abstractmethod
    def make(self, github: GitHub) -> None:
        """Make it, or make it just so; Refused if the token or the plan does not allow it."""

    @abstractmethod
    def remove(self, github: GitHub) -> bool:
        """Whether it was there to remove."""


def removed(github: GitHub, *path: str | int) -> bool:
    try:
        github.delete(*path)
    except NotFound:
        return False
    return True
