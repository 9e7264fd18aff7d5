"""The rules of the house hold, and each of them finds what it forbids."""

from pathlib import Path

import pytest

from engine.tests.conventions import (  # noqa: F401 - they register their rules
    code,
    files,
    images,
    interfaces,
    layers,
    trust,
    updates,
    variables,
    workflows,
)
from engine.tests.conventions.rules import RULES, Breach, Rule

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_the_project_keeps(rule: Rule) -> None:
    if breaches := "\n".join(rule.check(ROOT)):
        pytest.fail(breaches, pytrace=False)


@pytest.mark.parametrize(
    ("rule", "breach"), [(rule, breach) for rule in RULES for breach in rule.breaches], ids=str
)
def test_a_breach_is_found(rule: Rule, breach: Breach, tmp_path: Path) -> None:
    for name, text in breach.files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("{root}", str(tmp_path)))
    assert [finding.partition(": ")[0] for finding in rule.check(tmp_path)] == [breach.where]
