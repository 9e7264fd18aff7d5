"""Which mutants count, and whether what lists them names what is there."""

import re
import tomllib
from pathlib import Path

import pytest

from bench.mutants import Change, Tally, equivalent_changes, judge, table, tally, with_sum
from engine.command_line import Finding

RESULTS = """
    engine.judging.holm.x_level__mutmut_1: killed
    engine.judging.holm.x_level__mutmut_2: survived
    engine.judging.holm.x_level__mutmut_3: survived
    engine.judging.holm.xǁHolmǁlevel__mutmut_4: timeout
    scripts.ci.check.x_main__mutmut_1: no tests
    scripts.ci.check.x_main__mutmut_2: not checked
"""
DIFF = """# engine.judging.holm.x_level__mutmut_2: survived
--- engine/judging/holm.py
+++ engine/judging/holm.py
@@ -1,2 +1,2 @@
 def level(confidence: float) -> float:
-    return (1 - confidence) / 2
+    return (1 - confidence) / {number}
"""
FILE = "engine/judging/holm.py"
LINE = "return (1 - confidence) / 2"


def diff_of(name: str) -> str:
    return DIFF.replace("{number}", name[-1])


def test_mutants_are_counted_by_file_and_the_equivalent_ones_are_left_out() -> None:
    equivalent = Change(FILE, LINE, "return (1 - confidence) / 3")

    tallies = tally(RESULTS, diff_of, {equivalent})

    alive = Change(FILE, LINE, "return (1 - confidence) / 2")
    assert tallies[FILE] == Tally(2, [alive], [equivalent])
    untested = tallies["scripts/ci/check.py"]
    assert (untested.killed, len(untested.alive), untested.percent) == (0, 1, 0)
    assert [line.split() for line in table(with_sum(tallies)).splitlines()[1:]] == [
        [FILE, "4", "2", "1", "1", "66.7"],
        ["scripts/ci/check.py", "1", "0", "1", "0", "0.0"],
        ["all", "5", "2", "2", "1", "50.0"],
    ]


@pytest.mark.parametrize(("killed", "alive"), [(95, 5), (94, 6)])
def test_95_percent_of_each_files_mutants_must_be_killed(killed: int, alive: int, capsys) -> None:
    files = {"a.py": Tally(1000), FILE: Tally(killed, [Change(FILE, LINE, "return 3")] * alive)}
    if killed >= 95:
        judge(with_sum(files), set())
    else:
        with pytest.raises(Finding, match=rf"found fewer in {FILE}$"):
            judge(with_sum(files), set())
    assert capsys.readouterr().out.count(f"{FILE}\n- {LINE}\n+ return 3\n") == alive


def test_no_mutant_at_all_is_a_finding() -> None:
    with pytest.raises(Finding, match="found fewer in all"):
        judge(with_sum({}), set())


def test_a_mutant_that_is_killed_is_not_listed_as_equivalent() -> None:
    known, killed = Change(FILE, LINE, "return 3"), Change(FILE, LINE, "return 4")
    files = with_sum({FILE: Tally(100, equivalent=[known])})

    judge(files, {known})
    with pytest.raises(Finding, match=r"expected mutants that live, found .*return 4"):
        judge(files, {known, killed})


def test_each_equivalent_mutant_changes_an_existing_line() -> None:
    for change in equivalent_changes():
        source = " ".join(Path(change.file).read_text().split())
        assert change.line in source
        assert change.mutant not in source


def test_files_and_tests_of_the_mutants_exist() -> None:
    settings = tomllib.loads(Path("pyproject.toml").read_text())["tool"]["mutmut"]
    for path in (
        *settings["source_paths"],
        *settings["pytest_add_cli_args_test_selection"],
        *settings["also_copy"],
    ):
        assert Path(path).exists(), path
    for argument in settings["pytest_add_cli_args"]:
        path, name = re.fullmatch(r"--deselect=(.+)::(\w+)", argument).groups()
        assert f"def {name}(" in Path(path).read_text(), argument
