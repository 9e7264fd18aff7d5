"""Tests of scripts/promote.py: only what the gate passed, as it was gated, is promoted.

The promotion itself is in engine/tests/gate.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from engine.command_line import Finding, SettingsError
from engine.tests.policies import POLICY
from scripts import promote


@pytest.fixture
def gated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(promote, "GATED", tmp_path / "verdict.json")
    return promote.GATED


def identical(**changes: Any) -> str:
    """A verdict that passed without a comparison."""
    verdict = {"schema_version": 1, "verdict": "IDENTICAL", "passed": True, "reason": "Nothing changed."}
    verdict |= {"as_of": "2013-09-02", "rows": None, "models": {}, "comparisons": [], "findings": []}
    verdict |= {"metric": {"name": "roc_auc", "title": "ROC AUC", "direction": "higher is better"}}
    verdict |= {
        "warnings": [],
        "policy": POLICY,
        "provenance": {"fingerprint": "of other code"},
        "holdout_uses": 0,
    }
    return json.dumps(verdict | changes)


def test_nothing_is_promoted_that_was_not_gated(gated: Path) -> None:
    with pytest.raises(SettingsError, match="run make gate first"):
        promote.read_gated()


def test_a_verdict_that_did_not_pass_promotes_nothing(gated: Path) -> None:
    gated.write_text(identical(verdict="INVALID", passed=False))
    with pytest.raises(Finding, match="INVALID"):
        promote.read_gated()


@pytest.mark.parametrize("text", ["", "[]", identical(schema_version=2), identical(passed="true")])
def test_an_invalid_verdict_promotes_nothing(gated: Path, text: str) -> None:
    gated.write_text(text)
    with pytest.raises(SettingsError, match="expected a verdict"):
        promote.read_gated()


def test_code_other_than_the_gated_is_not_promoted(gated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gated.write_text(identical())
    monkeypatch.setattr("sys.argv", ["promote"])
    with pytest.raises(SettingsError, match="expected the code that was gated, found another"):
        promote.main()
