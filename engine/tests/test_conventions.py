"""The rules of the house hold, and each of them finds what it forbids."""

from pathlib import Path

import pytest

from engine.tests.conventions import rules
from engine.tests.conventions.rules import Breach, Rule, every_rule

ROOT = Path(__file__).parents[2]
RULES = every_rule()


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_the_project_keeps(rule: Rule) -> None:
    rules.EXAMINED.clear()
    if breaches := "\n".join(rule.check(ROOT)):
        pytest.fail(breaches, pytrace=False)
    assert rules.EXAMINED, (
        "expected files that the rule holds for, found none; does its pattern still fit the tree?"
    )


@pytest.mark.parametrize(
    ("rule", "breach"), [(rule, breach) for rule in RULES for breach in rule.breaches], ids=str
)
def test_a_breach_is_found(rule: Rule, breach: Breach, tmp_path: Path) -> None:
    for name, text in breach.files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("{root}", str(tmp_path)))
    assert [finding.partition(": ")[0] for finding in rule.check(tmp_path)] == [breach.where]


def test_a_pattern_that_fits_no_file_is_noticed() -> None:
    rules.EXAMINED.clear()
    assert not [*rules.modules(ROOT, "no-such-folder/*.py")]
    assert not rules.EXAMINED
    assert [*rules.modules(ROOT, "scripts/gate.py")]
    assert {ROOT / "scripts/gate.py"} == rules.EXAMINED
