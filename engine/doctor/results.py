"""What a check came to: one line, and the command that repairs what is wrong."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from engine.access.entrance import Environment
from engine.access.refusals import Diagnosis
from engine.settings.settings_schema import Settings

Status = Literal["ok", "warn", "fail", "skipped"]
COLORS = {"ok": "32", "warn": "33", "fail": "31", "skipped": "2"}


@dataclass(frozen=True)
class Result:
    """`name` is the entry of the table that a warning or a failure is."""

    check: str
    status: Status
    found: str
    remedy: str = ""
    name: str = ""


Results = Iterator[Result]


@dataclass(frozen=True)
class Site:
    """What is examined: a checkout with the settings of an environment. `dry_run`: nothing is written."""

    root: Path
    environment: Environment
    dry_run: bool = False
    images: Path | None = None
    waits: tuple[float, ...] = (1, 2)
    """Seconds before each further attempt at the endpoint."""
    known: dict[str, Any] = field(default_factory=dict)
    """What a check found that later ones go by."""

    @cached_property
    def settings(self) -> Settings:
        from engine.settings.settings import load

        return load(self.root / "mlops.yaml")

    def variable(self, name: str) -> str:
        return self.environment.get(name, "")


def ok(check: str, text: str) -> Result:
    return Result(check, "ok", text)


def skipped(check: str, why: str) -> Result:
    return Result(check, "skipped", why)


def failed(check: str, diagnosis: Diagnosis, status: Status = "fail") -> Result:
    return Result(check, status, diagnosis.problem, diagnosis.remedy, diagnosis.name)


def warned(check: str, diagnosis: Diagnosis) -> Result:
    return failed(check, diagnosis, "warn")


def line(result: Result, color: bool = False) -> str:
    status = f"{result.status:7}"
    shown = f"\033[{COLORS[result.status]}m{status}\033[0m" if color else status
    text = f"{shown} {result.check}: {result.found}"
    return f"{text}\n        repair: {result.remedy}" if result.remedy else text


def document(results: list[Result]) -> dict[str, Any]:
    """The results as --json has them."""
    return {"passed": not any(each.status == "fail" for each in results), "checks": [*map(asdict, results)]}
