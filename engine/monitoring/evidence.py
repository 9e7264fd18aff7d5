"""What the newest mature rows say: the champion's figure in each window, its drop, a shadow beside it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from engine.judging import statistics
from engine.judging.decision import of_interval
from engine.judging.differences import difference, estimate, measure, subset
from engine.judging.inputs import Invalid, Rows
from engine.judging.statistics import Estimate
from engine.metrics.known_metrics import known_metrics
from engine.metrics.metric import Metric

Window = dict[str, Any]


@dataclass(frozen=True)
class Judge:
    """How to look at a window: the policy, the champion's figure at its birth, who has seen which rows."""

    policy: dict[str, Any]
    baseline: Estimate | None
    trained_until: dict[str, datetime]

    @property
    def metric(self) -> Metric:
        return known_metrics()[self.policy["metric"]]

    def window(self, rows: Rows, start: datetime, end: datetime) -> Window:
        """`rows` are those from `start` up to `end`."""
        found = {"start": start.isoformat(), "end": end.isoformat(), "rows": len(rows.label)}
        found |= {"clusters": len(np.unique(rows.cluster)), "why_not": self.why_not(rows, start)}
        nothing = {"champion": None, "drop": None, "shadow": None}
        if found["why_not"]:
            return found | nothing
        try:
            return found | {
                "champion": self.champion(rows),
                "drop": self.drop(rows, self.baseline) if self.baseline else None,
                "shadow": self.shadow(rows) if "candidate" in rows.predictions else None,
            }
        except Invalid as error:
            return found | nothing | {"why_not": str(error)}

    def why_not(self, rows: Rows, start: datetime) -> str | None:
        """Why these rows cannot tell."""
        rules, clusters = self.policy["monitoring"], len(np.unique(rows.cluster))
        seen = [name for name, until in self.trained_until.items() if start < until]
        if seen:
            return f"the {seen[0]} was trained on rows of this window"
        if len(rows.label) < rules["minimum_rows"] or clusters < rules["minimum_clusters"]:
            wanted = f"{rules['minimum_rows']:,} rows in {rules['minimum_clusters']:,} clusters"
            return f"expected {wanted}, found {len(rows.label):,} in {clusters:,}"
        return None

    def champion(self, rows: Rows) -> dict[str, float]:
        found = self._estimate(rows)
        return {name: getattr(found, name) for name in ("value", "lower", "upper", "standard_error")}

    def drop(self, rows: Rows, baseline: Estimate) -> dict[str, Any]:
        """The champion now minus the champion at its birth, in the metric's good direction."""
        now, then = (self._in_good_direction(each) for each in (self._estimate(rows), baseline))
        found = statistics.from_earlier(now, then, self.policy["confidence"])
        is_found = of_interval(found, 0.0, self.policy["margin"]) == "WORSE"
        return _described(found) | {"found": is_found}

    def shadow(self, rows: Rows) -> dict[str, Any]:
        """The shadow minus the champion, paired by row."""
        figures, found = difference(self.metric, rows, "champion", self.policy["confidence"])
        better = of_interval(found, self.policy["min_effect"], self.policy["margin"]) == "BETTER"
        same = np.array_equal(rows.predictions["candidate"], rows.predictions["champion"])
        return {"value": figures["candidate_value"], **_described(found), "found": better and not same}

    def _estimate(self, rows: Rows) -> Estimate:
        value, influence = measure(self.metric, rows, "champion")
        return estimate(value, influence, rows, self.policy["confidence"])

    def _in_good_direction(self, found: Estimate) -> Estimate:
        return replace(found, value=self.metric.sign * found.value)


def windows(judge: Judge, rows: Rows, end: datetime) -> list[Window]:
    """The newest windows up to `end`, oldest first."""
    rules = judge.policy["monitoring"]
    length = timedelta(days=rules["window_days"])
    starts = [end - length * count for count in range(rules["windows"], 0, -1)]
    return [judge.window(between(rows, start, start + length), start, start + length) for start in starts]


def between(rows: Rows, start: datetime, end: datetime) -> Rows:
    return subset(rows, (rows.time >= np.datetime64(start)) & (rows.time < np.datetime64(end)))


def baseline_of(version: dict[str, Any], metric: str) -> Estimate | None:
    """The champion's figure when it passed the gate; None where the version does not tell its error."""
    verdict, value = version.get("verdict") or {}, (version.get("metrics") or {}).get(metric)
    error, clusters = verdict.get("standard_error"), (verdict.get("rows") or {}).get("clusters")
    if value is None or error is None or not clusters:
        return None
    # No correlation is told, for the error is widened by it already.
    return Estimate(value, value, value, error, verdict["rows"].get("n", 0), clusters, None)


def _described(found: Estimate) -> dict[str, float]:
    return {"difference": found.value, "lower": found.lower, "upper": found.upper}
