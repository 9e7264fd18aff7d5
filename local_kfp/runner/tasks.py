"""The interface of what executes tasks, and how a task fails."""

from pathlib import Path
from typing import Protocol


class TaskFailed(Exception):  # noqa: N818 - it describes the task, not a fault of this program
    """Why a task failed, in one line; with the exit status if a process ended."""

    def __init__(self, reason: str, exit_code: int | None = None):
        super().__init__(reason)
        self.exit_code = exit_code


class Tasks(Protocol):
    """Executes the tasks of a run."""

    def run(self, image: str, command: list[str], environment: dict[str, str], log: Path) -> int:
        """Exit status of `command` in `image`; its output goes to `log`."""

    def stop(self) -> None:
        """End what the tasks left running outside of the run's process group."""
