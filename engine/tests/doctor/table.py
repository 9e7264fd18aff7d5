"""The table of what can be wrong, as a test: each row has a set-up that leads to it and to nothing else."""

import re
from collections.abc import Callable, Mapping

from engine.access.refusals import Refusal
from engine.doctor.refusals import REFUSALS
from engine.doctor.results import Site
from engine.tests.doctor.broken_set_ups import SetUp, wrong

Break = Callable[[SetUp], Site]


class SetUps:
    """By name of a row: what breaks, and the parts of the doctor that are asked."""

    def __init__(self, part: str):
        self.part = part
        self.breaks: dict[str, tuple[Break, str]] = {}

    def add(self, name: str, part: str = "") -> Callable[[Break], Break]:
        def register(work: Break) -> Break:
            assert name not in self.breaks
            self.breaks[name] = work, part or self.part
            return work

        return register


def set_ups_of(set_ups: SetUps, rows: Mapping[str, Refusal]) -> list[str]:
    """The names of the set-ups in the order of the rows."""
    return sorted(set_ups.breaks, key=[*rows].index)


def assert_named(set_ups: SetUps, name: str, up: SetUp) -> None:
    work, part = set_ups.breaks[name]
    found = wrong(work(up), part)
    assert [result.name for result in found] == [name], found
    row = REFUSALS[name]
    assert re.fullmatch(_pattern(row.problem), found[0].found)
    assert re.fullmatch(_pattern(row.remedy), found[0].remedy)


def _pattern(text: str) -> str:
    """A row's words, with anything of at least a letter in the place of each {name} but {said}."""
    pieces = re.split(r"(\{\w+\})", text)
    kinds = {"{said}": ".*"}
    return "".join(kinds.get(each, ".+") if each.startswith("{") else re.escape(each) for each in pieces)
