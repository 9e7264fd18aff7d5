"""The rows of a window by the moment that they are predicted at, and the tables as they were by then."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.command_line.component_settings import FeatureSettings, history_of
from engine.features.code import FeatureCode, make_features
from engine.tables.snapshots import LoadedTable, WrittenSnapshot

Frames = dict[str, pd.DataFrame]


class Batch(NamedTuple):
    """The rows at `positions`, which are predicted at `moment`."""

    moment: pd.Timestamp
    positions: NDArray[np.intp]


@dataclass(frozen=True)
class TimedTable:
    """A table with the time that each of its rows is there; a prediction sees `reach` before its day."""

    frame: pd.DataFrame
    times: "pd.Series[pd.Timestamp]"
    there: "pd.Series[pd.Timestamp]"
    reach: pd.Timedelta

    def until(self, last: pd.Timestamp) -> pd.DataFrame:
        """The rows that were there at `last`."""
        return self.frame[self.there <= last]

    def seen(self, moment: pd.Timestamp, later: bool) -> pd.DataFrame:
        """The rows that a prediction at `moment` gets; if `later`, also those that came after it."""
        recent = self.times >= moment.normalize() - self.reach
        return self.frame[recent if later else recent & (self.there <= moment)]


def timed_table(frame: pd.DataFrame, loaded: LoadedTable) -> TimedTable:
    """A table that arrives, or the history, whose outcomes are there when the next day begins."""
    reach = pd.Timedelta(days=loaded["history_days"])
    if "arrives_after_minutes" in loaded:
        times = frame[loaded["time"]]
        return TimedTable(frame, times, times + pd.Timedelta(minutes=loaded["arrives_after_minutes"]), reach)
    known_at = frame["known_at"]
    return TimedTable(frame, known_at, known_at.dt.normalize() + pd.Timedelta(days=1), reach)


class Batches:
    """The rows and tables of a window, by moment.

    With `arrives`, the features of a batch are those that its rows have by themselves.
    """

    def __init__(self, settings: FeatureSettings, raw: Frames, snapshot: WrittenSnapshot):
        """Rows without a time are predicted last."""
        self.settings, self.raw = settings, raw
        self.history = history_of(settings["rows"])
        self.timed = {
            name: timed_table(raw[name], loaded)
            for name, loaded in snapshot["tables"].items()
            if "history_days" in loaded and name in raw
        }
        lead = pd.Timedelta(hours=snapshot.get("lead_hours", 0))
        times = raw[settings["rows"]][settings["time"]]
        moments = times.dt.floor("h") - lead if lead else times.dt.normalize()
        codes, unique = pd.factorize(moments.fillna(pd.Timestamp(snapshot["end"])), sort=True)
        order = np.argsort(codes, kind="stable")
        edges = np.searchsorted(codes[order], np.arange(1, len(unique)))
        self.batches = [
            Batch(pd.Timestamp(moment), positions)
            for moment, positions in zip(unique, np.split(order, edges) if len(unique) else [], strict=True)
        ]
        self.arrives = bool(lead) or any(name != self.history for name in self.timed)

    def sample(self) -> Iterator[Batch]:
        """The first, middle and last batch of the first, middle and last day, each once."""
        days: dict[pd.Timestamp, list[Batch]] = {}
        for batch in self.batches:
            days.setdefault(batch.moment.normalize(), []).append(batch)
        for batches in first_middle_last([*days.values()]):
            yield from first_middle_last(batches)

    def at_once(self, code: FeatureCode) -> pd.DataFrame:
        """The features of all rows in one pass; tables have what was there at the last moment."""
        arriving = {name: table for name, table in self.timed.items() if name != self.history}
        last = max((batch.moment for batch in self.batches), default=pd.Timestamp.min)
        seen = {name: table.until(last) for name, table in arriving.items()}
        return make_features(code, self.settings, self.raw | seen)

    def one_by_one(self, code: FeatureCode) -> pd.DataFrame:
        """The features of all rows, each batch made by itself."""
        rows = self.raw[self.settings["rows"]]
        if not self.batches:
            return self.at_once(code)
        parts = [self.made(code, batch).set_axis(batch.positions) for batch in self.batches]
        return pd.concat(parts).sort_index().set_axis(rows.index)

    def made(self, code: FeatureCode, batch: Batch, *later: str) -> pd.DataFrame:
        """The features of a batch's rows, with what came after the moment in the tables `later`."""
        seen = {name: table.seen(batch.moment, name in later) for name, table in self.timed.items()}
        own = self.raw[self.settings["rows"]].iloc[batch.positions].reset_index(drop=True)
        return make_features(code, self.settings, self.raw | seen | {self.settings["rows"]: own})


def first_middle_last(items: list[Any]) -> list[Any]:
    """Each once, in their order."""
    return [items[at] for at in sorted({0, len(items) // 2, len(items) - 1})] if items else []
