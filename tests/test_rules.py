"""The rules of the project hold for components, pipelines, their tests and the pins of workflows."""

from pathlib import Path

import pytest

from engine.tests.conventions.rules import Rule, every_rule

ROOT = Path(__file__).parents[1]
FILES = (".github/", "components/", "pipelines/", "tests/", "mlops.yaml")


@pytest.mark.parametrize("rule", every_rule(), ids=str)
def test_components_and_pipelines_keep(rule: Rule) -> None:
    breaches = [breach for breach in rule.check(ROOT) if breach.startswith(FILES)]
    assert not breaches, "\n".join(breaches)
