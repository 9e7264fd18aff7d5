"""Mutate what judges, and require that its unit tests kill 95% of each file's mutants.

The files and their tests are in pyproject.toml ([tool.mutmut]). mutmut changes one expression of a function
at a time, in a copy of the project (mutants/); constants of modules and properties stay as they are. A mutant
that no test can kill is in equivalent_mutants.yml, with the reason.
"""

import re
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import yaml

from engine import command_line
from engine.command_line import Finding, WorldError

LEAST = 95  # percent
COPY = Path("mutants")
EQUIVALENT = Path(__file__).with_name("equivalent_mutants.yml")
KILLED = ("killed", "timeout")
RESULT = re.compile(r"^ +((?P<module>[\w.]+)\.x\w+): (?P<status>.+)$", re.MULTILINE)


class Change(NamedTuple):
    """A mutant by the lines that differ: it is the same one after other lines of its function changed."""

    file: str
    line: str
    mutant: str


@dataclass
class Tally:
    """The mutants of one file."""

    killed: int = 0
    alive: list[Change] = field(default_factory=list)
    equivalent: list[Change] = field(default_factory=list)

    @property
    def percent(self) -> float:
        return 100 * self.killed / max(self.killed + len(self.alive), 1)


def main() -> None:
    parser = command_line.parser(__doc__)
    parser.add_argument("file", nargs="*", help="mutate these files alone")
    parser.add_argument("--processes", type=int, default=1, help="mutants that are tested at the same time")
    arguments = parser.parse_args()
    if COPY.exists():
        shutil.rmtree(COPY)
    patterns = [f"{file.removesuffix('.py').replace('/', '.')}.x*" for file in arguments.file]
    mutmut("run", "--max-children", str(arguments.processes), *patterns)
    results = mutmut("results", "--all", "true", shown=False)
    equivalent = equivalent_changes()
    tallies = with_sum(tally(results, lambda name: mutmut("show", name, shown=False), equivalent))
    print(table(tallies))
    judge(tallies, {change for change in equivalent if change.file in tallies})


def mutmut(*words: str, shown: bool = True) -> str:
    """What mutmut prints, which is empty if it is `shown`."""
    command = [Path(sys.executable).with_name("mutmut"), *words]
    done = subprocess.run(command, stdout=None if shown else subprocess.PIPE, text=True)
    if done.returncode:
        raise WorldError(f"mutmut {words[0]}: expected exit status 0, found {done.returncode}; see above")
    return done.stdout or ""


def equivalent_changes() -> set[Change]:
    return {
        Change(file, entry["line"], mutant)
        for file, entries in yaml.safe_load(EQUIVALENT.read_text()).items()
        for entry in entries
        for mutant in entry["mutants"]
    }


def tally(results: str, diff_of: Callable[[str], str], equivalent: set[Change]) -> dict[str, Tally]:
    """The mutants of each file, from the lines of `mutmut results`, but for those that were not tested."""
    tallies: dict[str, Tally] = defaultdict(Tally)
    for result in RESULT.finditer(results):
        file = f"{result['module'].replace('.', '/')}.py"
        if result["status"] in KILLED:
            tallies[file].killed += 1
        elif result["status"] != "not checked":
            change = change_of(file, diff_of(result[1]))
            (tallies[file].equivalent if change in equivalent else tallies[file].alive).append(change)
    return tallies


def change_of(file: str, diff: str) -> Change:
    """The lines that a diff takes out and puts in, without the white space around them."""
    before, after = (
        " ".join(line[1:].strip() for line in diff.splitlines() if re.match(rf"{sign}(?!{sign})", line))
        for sign in (r"-", r"\+")
    )
    return Change(file, before, after)


def with_sum(tallies: dict[str, Tally]) -> dict[str, Tally]:
    alive = [change for each in tallies.values() for change in each.alive]
    equivalent = [change for each in tallies.values() for change in each.equivalent]
    return {**tallies, "all": Tally(sum(each.killed for each in tallies.values()), alive, equivalent)}


def table(tallies: dict[str, Tally]) -> str:
    lines = [f"{'file':34}{'mutants':>9}{'killed':>9}{'alive':>9}{'equivalent':>12}{'percent':>9}"]
    for file, found in tallies.items():
        alive, equivalent = len(found.alive), len(found.equivalent)
        counts = f"{found.killed + alive + equivalent:9}{found.killed:9}{alive:9}{equivalent:12}"
        lines.append(f"{file:34}{counts}{found.percent:9.1f}")
    return "\n".join(lines)


def judge(tallies: dict[str, Tally], listed: set[Change]) -> None:
    """List the mutants that are alive; a Finding if they are too many, or one is `listed` without need."""
    for change in tallies["all"].alive:
        print(f"\n{change.file}\n- {change.line}\n+ {change.mutant}")
    if unneeded := listed - {*tallies["all"].equivalent}:
        raise Finding(f"{EQUIVALENT.name}: expected mutants that live, found {unneeded.pop()}; remove it")
    if low := [name for name, found in tallies.items() if found.percent < LEAST]:
        raise Finding(f"expected tests that kill {LEAST}% of the mutants, found fewer in {', '.join(low)}")


if __name__ == "__main__":
    command_line.run(main)
