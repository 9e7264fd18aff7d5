"""Tests of engine/settings/moments.py: which schedules of inference fit the lead."""

import pytest

from engine.command_line import SettingsError
from engine.settings.settings import parse
from engine.tests.settings.test_settings import TEXT

LEAD = TEXT.replace("at: before_sale", "at: before_sale\n  lead: {lead}")


def settings_of(lead: str, *runs: str, zone: str = "UTC") -> None:
    """Read settings with schedules of inference, each its cron and what else it has."""
    written = ", ".join(f"run-{at}: {{pipeline: inference, cron: {run}}}" for at, run in enumerate(runs))
    schedules = f"schedules: {{time_zone: {zone}, runs: {{{written}}}}}\nimages:"
    parse(LEAD.replace("{lead}", lead).replace("images:", schedules), "mlops.yaml")


@pytest.mark.parametrize(
    ("lead", "runs"),
    [
        ("2h", ['"29 * * * *"']),
        ("1h", ['"0 * * * *"']),
        ("2h", ['"30 1-23/2 * * *"']),
        ("2h", ['"29 0-11 * * *"', '"29 12-23 * * *"']),
        ("24h", ['"59 23 * * *"']),
        ("2h", ['"29 1 * * *", enabled: false']),
        ("2h", ['"29 1 * * *", parameters: {as_of: "2024-02-01"}']),
        ("2h", []),
    ],
)
def test_schedule_that_runs_in_the_lead_after_each_hour_fits(lead: str, runs: list[str]) -> None:
    settings_of(lead, *runs)


@pytest.mark.parametrize(
    ("lead", "run", "found"),
    [
        ("2h", "29 1 * * *", "'29 1 * * *', with none for 22 of 24, the first 02:00 UTC"),
        ("2h", "30 */2 * * *", "with none for 1 of 24, the first 23:00 UTC"),
        ("1h", "30 1-23/2 * * *", "with none for 12 of 24, the first 00:00 UTC"),
        ("24h", "59 22 * * *", "with none for 1 of 24, the first 23:00 UTC"),
        ("2h", "29 * * * 1-5", "with none for 24 of 24, the first 00:00 UTC"),
        ("2h", "29 * 1 * *", "with none for 24 of 24"),
    ],
)
def test_schedule_that_misses_an_hour_is_refused_with_its_line(lead: str, run: str, found: str) -> None:
    with pytest.raises(SettingsError) as raised:
        settings_of(lead, f'"{run}"')
    assert str(raised.value).startswith("mlops.yaml:39: schedules.runs.run-0.cron: expected a run within")
    assert found in str(raised.value)


def test_days_of_another_time_zone_are_those_of_utc() -> None:
    """Runs of a day predict the rows of that day in UTC: 00:59 in Berlin is 23:59 of the day before."""
    settings_of("24h", '"59 0 * * *"', zone="Europe/Berlin")
    with pytest.raises(SettingsError, match="the first 23:00 UTC"):
        settings_of("24h", '"59 23 * * *"', zone="Europe/Berlin")
