"""The simulated year: what is counted, who takes over, and which policies are beaten."""

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bench.flights_year import Lived, Year, any_drift, every, live, monitored, never, on_frontier
from engine.settings import settings
from engine.settings.settings_schema import Settings
from engine.tests.demo_files import DEMO_SETTINGS

ROOT = Path(__file__).parents[3]
START, END, CHANGE = date(2013, 2, 5), date(2013, 6, 1), np.datetime64("2013-04-01")
ROWS = 40  # a day


@pytest.fixture(scope="module")
def year() -> Year:
    """Half a year of made-up flights, of which from April on those are late that were in time before."""
    found = settings.load(DEMO_SETTINGS).model_dump(exclude_none=True)
    found["training"]["parameters"] |= {"max_iter": 5}
    found["windows"] = {"training_days": 28, "evaluation_days": 21}
    found["policies"] |= {"guardrails": {}, "minimum_rows": 100}
    found["monitoring"] |= {"windows": 2, "alarms": 1, "minimum_rows": 100}
    made = Year(Settings.model_validate(found), ROOT)
    random = np.random.default_rng(3)
    time = np.datetime64("2013-01-01T00", "m") + np.arange(160 * ROWS) * np.timedelta64(24 * 60 // ROWS, "m")
    columns = {name: random.choice(list("abcd"), len(time)) for name in made.settings.features.columns}
    columns["distance"] = random.uniform(100, 900, len(time))
    often = np.isin(columns["carrier"], ["a", "b"]) ^ (time >= CHANGE)
    label = random.uniform(size=len(time)) < np.where(often, 0.7, 0.3)
    made.__dict__["table"] = pd.DataFrame(columns | {"label": label.astype(float), "time": time})
    return made


def test_a_monitored_year_sees_the_change_with_fewer_trainings_than_a_clock(year: Year) -> None:
    alone, clocked, watched = (live(year, START, END, trains) for trains in (never, every(1), monitored))
    assert (alone.trainings, alone.promotions) == (0, 0)
    assert 1 <= watched.promotions <= watched.trainings < clocked.trainings / 2
    assert watched.value > alone.value + 0.05
    assert watched.value > clocked.value - 0.05


def test_drift_of_features_does_not_see_what_the_label_does(year: Year) -> None:
    assert live(year.with_rules(windows=3), START, END, any_drift).trainings == 0


def test_the_frontier_is_of_what_nothing_beats() -> None:
    ours = Lived(3, 2, 0.66)
    assert on_frontier(ours, [Lived(0, 0, 0.64), Lived(30, 5, 0.67), Lived(3, 1, 0.66)])
    assert not on_frontier(ours, [Lived(3, 1, 0.67)])
    assert not on_frontier(ours, [Lived(2, 2, 0.66)])
