"""The demo's year, lived through again and again: models of any day, gate and monitor deciding on them."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from engine import sketches
from engine.documents.ledger import NOTHING_DECIDED
from engine.judging import decision, statistics
from engine.judging.differences import measure
from engine.judging.inputs import Model, Rows
from engine.metrics.metrics import METRICS
from engine.monitoring import alarm_policy, evidence
from engine.settings.settings import Settings
from engine.settings.settings_schema import canonical_json
from engine.tables.columns import encode
from engine.tests.demo_files import demo_features
from engine.training.estimators import make_estimator, make_pipeline

Day = date
WEEK = timedelta(days=7)
DRIFTED = 0.1  # PSI from which on a drift alarm is usually raised


@dataclass
class Year:
    """Flights with labels; each model is known by the day that its training rows end before."""

    settings: Settings
    root: Path
    _models: dict[Day, np.ndarray] = field(default_factory=dict)
    _windows: dict[Any, Any] = field(default_factory=dict)
    _gates: dict[Any, bool] = field(default_factory=dict)
    _drifts: dict[Any, float] = field(default_factory=dict)

    @cached_property
    def table(self) -> pd.DataFrame:
        files = sorted((self.root / self.settings.data.tables["flights"].uri).glob("*.parquet"))
        flights = pd.concat([pd.read_parquet(file) for file in files], ignore_index=True)
        features = demo_features()
        columns = features.features({"flights": flights}, {})[list(self.settings.features.columns)]
        columns["label"], columns["time"] = features.label(flights), flights["scheduled_departure"]
        return columns[columns["label"].notna()].sort_values("time", ignore_index=True)

    @cached_property
    def time(self) -> np.ndarray:
        return self.table["time"].to_numpy("datetime64[s]")

    @cached_property
    def label(self) -> np.ndarray:
        return self.table["label"].to_numpy(np.float64)

    @cached_property
    def slices(self) -> dict[str, tuple[list[str], np.ndarray]]:
        named = self.settings.policies.slices.columns
        return {name: encode(pa.chunked_array([pa.array(self.table[name])])) for name in named}

    def span(self, start: Day, end: Day) -> slice:
        return slice(*np.searchsorted(self.time, np.array([start, end], "datetime64[D]")))

    def model(self, end: Day) -> np.ndarray:
        """What the model of the rows before `end` predicts for the rows from then on; NaN for its own."""
        if end not in self._models:
            training = json.loads(self.settings.training_settings())
            kinds = json.loads(self.settings.feature_settings())["columns"]
            made = make_pipeline(make_estimator(training, "binary"), training["categories"], kinds)
            past = self.table[self.span(end - timedelta(self.settings.windows.training_days), end)]
            made.fit(past[list(kinds)], past["label"].to_numpy(np.int8))
            future = self.table[self.span(end, date(2014, 1, 1))]
            predicted = np.full(len(self.table), np.nan, np.float32)
            predicted[len(self.table) - len(future) :] = made.predict_proba(future[list(kinds)])[:, 1]
            self._models[end] = predicted
        return self._models[end]

    def rows(self, start: Day, end: Day, **models: Day) -> Rows:
        part = self.span(start, end)
        return Rows(
            time=self.time[part],
            label=self.label[part],
            cluster=self.time[part].astype("datetime64[D]").astype(np.intp),
            slices={name: (names, codes[part]) for name, (names, codes) in self.slices.items()},
            predictions={name: self.model(made)[part].astype(np.float64) for name, made in models.items()},
        )

    def value(self, champion: Day, start: Day, end: Day) -> statistics.Estimate:
        rows = self.rows(start, end, champion=champion)
        value, influence = measure(METRICS[self.settings.metric.name], rows, "champion")
        confidence = self.settings.policies.confidence
        return statistics.estimate(value, influence, rows.cluster, confidence)

    def passes(self, candidate: Day, champion: Day, as_of: Day) -> bool:
        """What the gate of a promotion says."""
        if (candidate, champion) not in self._gates:
            end = as_of - timedelta(self.settings.label.matures_after_days)
            rows = self.rows(candidate, end, candidate=candidate, champion=champion)
            rules = json.loads(self.settings.policy("promotion"))
            judged = decision.against("champion", "improve", rows, rules, Model({"model_bytes": 0}))
            self._gates[candidate, champion] = judged["passed"]
        return self._gates[candidate, champion]

    def seen(self, champion: Day, made: Day, as_of: Day) -> alarm_policy.Seen:
        """What a monitor sees of the champion on `as_of`."""
        rules = self.settings.monitoring
        looks = (rules.windows, rules.window_days, rules.minimum_rows, rules.minimum_clusters)
        key = (champion, as_of, looks)
        if key not in self._windows:
            end = as_of - timedelta(self.settings.label.matures_after_days)
            start = end - timedelta(self.settings.monitored_days())
            first = date.fromisoformat(str(self.time[0])[:10])
            shadow = {"candidate": start} if start > first + 4 * WEEK else {}
            rows = self.rows(start, end, champion=champion, **shadow)
            baseline = self.value(champion, champion, champion + self.evaluation)
            asked = json.loads(self.settings.monitoring_policy())
            until = {"champion": datetime.combine(champion, datetime.min.time())}
            judge = evidence.Judge(asked, baseline, until)
            self._windows[key] = evidence.windows(judge, rows, datetime.combine(end, datetime.min.time()))
        windows = self._windows[key]
        counts = (
            sum(bool(each[what] and each[what]["found"]) for each in windows) for what in ("drop", "shadow")
        )
        judged = sum(each["why_not"] is None for each in windows)
        return alarm_policy.Seen(as_of, windows[-1]["end"], str(champion), made, judged, *counts)

    def drifted(self, champion: Day, as_of: Day) -> float:
        """The largest PSI of a feature in the newest mature week, against the champion's training rows."""
        if (champion, as_of) not in self._drifts:
            end = as_of - timedelta(self.settings.label.matures_after_days)
            length = timedelta(self.settings.windows.training_days)
            past, week = (
                self.table[self.span(*ends)] for ends in ((champion - length, champion), (end - WEEK, end))
            )
            found = []
            for name in self.settings.features.columns:
                usual, now = (pa.chunked_array([pa.array(part[name])]) for part in (past, week))
                reference = sketches.sketch(usual)
                found.append(sketches.psi(reference, sketches.counted(reference, now)))
            self._drifts[champion, as_of] = max(found)
        return self._drifts[champion, as_of]

    @property
    def evaluation(self) -> timedelta:
        return timedelta(self.settings.windows.evaluation_days)

    def with_rules(self, **rules: Any) -> "Year":
        """The same year, and the models made so far, under other rules of monitoring."""
        self.table, self.time, self.label, self.slices  # noqa: B018 - what is known already is shared
        other = replace(self, settings=monitored_by(self.settings, **rules))
        other.__dict__ |= {name: self.__dict__[name] for name in ("table", "time", "label", "slices")}
        return other


def monitored_by(settings: Settings, **rules: Any) -> Settings:
    monitoring = settings.monitoring.model_copy(update=rules)
    return settings.model_copy(update={"monitoring": monitoring})


@dataclass(frozen=True)
class Lived:
    """How a year went under one policy of retraining."""

    trainings: int
    promotions: int
    value: float


def live(year: Year, start: Day, end: Day, trains: "Trains") -> Lived:
    """Weeks from the day that the champion of the rows before `start` is promoted, up to `end`."""
    matures = timedelta(year.settings.label.matures_after_days)
    champion = start
    made = as_of = start + year.evaluation + matures
    trainings, promotions, values = 0, 0, []
    decides = trains(year)
    while as_of + WEEK <= end:
        values.append(year.value(champion, as_of, as_of + WEEK).value)
        as_of += WEEK
        if not decides(champion, made, as_of):
            continue
        trainings += 1
        candidate = as_of - matures - year.evaluation
        if candidate > champion and year.passes(candidate, champion, as_of):
            champion, made, promotions = candidate, as_of, promotions + 1
    return Lived(trainings, promotions, float(np.mean(values)))


Trains = Callable[[Year], Callable[[Day, Day, Day], bool]]


def never(year: Year) -> Callable[[Day, Day, Day], bool]:
    return lambda champion, made, as_of: False


def every(weeks: int) -> Trains:
    def trains(year: Year) -> Callable[[Day, Day, Day], bool]:
        count = 0

        def decides(champion: Day, made: Day, as_of: Day) -> bool:
            nonlocal count
            count += 1
            return count % weeks == 0

        return decides

    return trains


def any_drift(year: Year) -> Callable[[Day, Day, Day], bool]:
    return lambda champion, made, as_of: year.drifted(champion, as_of) >= DRIFTED


def monitored(year: Year) -> Callable[[Day, Day, Day], bool]:
    """By the product's own policy, with its state."""
    state = NOTHING_DECIDED
    rules = year.settings.monitoring.model_dump()

    def decides(champion: Day, made: Day, as_of: Day) -> bool:
        nonlocal state
        made_decision, state = alarm_policy.decide(
            year.seen(champion, made, as_of), state, rules, canonical_json(str(as_of))
        )
        return made_decision.alarm

    return decides


def on_frontier(ours: Lived, others: list[Lived]) -> bool:
    """Whether no other policy is as good with fewer trainings, or better with no more."""
    return not any(
        (each.trainings <= ours.trainings and each.value > ours.value)
        or (each.trainings < ours.trainings and each.value >= ours.value)
        for each in others
    )
