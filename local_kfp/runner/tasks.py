"""The interface of what executes tasks."""

from pathlib import Path
from typing import Protocol


class Tasks(Protocol):
    """Executes the tasks of a run."""

    def run(self, image: str, command: list[str], environment: dict[str, str], log: Path) -> int:
        """Exit status of `command` in `image`; its output goes to `log`."""

    def stop(self) -> None:
        """End what the tasks left running outside of the run's process group."""
