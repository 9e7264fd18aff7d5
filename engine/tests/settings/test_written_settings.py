"""Tests of engine/settings/written_settings.py: one value, its line's comment, and not a byte else."""

import pytest

from engine.command_line import SettingsError
from engine.settings.written_settings import with_value
from engine.tests.demo_files import DEMO_SETTINGS

SETTINGS = DEMO_SETTINGS.read_text()
MARGIN = next(line for line in SETTINGS.splitlines() if line.startswith("  margin: "))
PATH = ("policies", "margin")


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_written_margin_changes_one_line_and_no_guardrail(end):
    old = SETTINGS.replace("\n", end).split(end)
    new = with_value(end.join(old), PATH, "0.0013", "measured").split(end)
    changed = [line for before, line in zip(old, new, strict=True) if before != line]
    assert changed == ["  margin: 0.0013                  # measured"]
    assert with_value(end.join(new), PATH, "0.0013", "measured").split(end) == new


def test_a_value_within_braces_is_written_too():
    old, path = "log_loss: {margin: 0.01}", ("policies", "guardrails", "log_loss", "margin")
    new = with_value(SETTINGS.replace(old, f"{old} # a guess"), path, "0.02", "measured")
    assert new == SETTINGS.replace(f"    {old}", "    log_loss: {margin: 0.02}      # measured")


@pytest.mark.parametrize(
    ("margin", "old", "new"),
    [
        ("&noise 0.01", "log_loss: {margin: 0.01}", "log_loss: {margin: *noise}"),
        ("*noise", "min_effect: 0.0", "min_effect: &noise 0.0"),
    ],
)
def test_a_value_that_others_share_is_not_written(margin, old, new):
    text = SETTINGS.replace(MARGIN, f"  margin: {margin}").replace(old, new)
    with pytest.raises(SettingsError, match=r"policies\.margin by itself, found it shared; write 0\.1 there"):
        with_value(text, PATH, "0.1", "measured")
