"""What the newest mature rows say: the champion's figure in each window, its drop, a shadow beside it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from engine.documents.monitor_decision import MonitoredWindow, WindowDifference, WindowFigure
from engine.documents.policy import MonitoringPolicy
from engine.documents.version import Version
from engine.judging import statistics
from engine.judging.decision import of_interval
from engine.judging.differences import difference, estimate, measure, subset
from engine.judging.inputs import Invalid, Rows
from engine.judging.statistics import Estimate
from engine.metrics.known_metrics import known_metrics
from engine.metrics.metric import Metric


@dataclass(frozen=True)
class Judge:
    """How to look at a window: the policy, the champion's figure at the gate, and who has seen which rows."""

    policy: MonitoringPolicy
    baseline: Estimate | None
    trained_until: dict[str, datetime]

    @property
    def metric(self) -> Metric:
        return known_metrics()[self.policy["metric"]]

    def window(self, rows: Rows, start: datetime, end: datetime) -> MonitoredWindow:
        """`rows` are those from `start` up to `end`."""
        unjudged: MonitoredWindow = {
            "start": start.isoformat(),
            "end": end.isoformat(),
            "rows": len(rows.label),
            "clusters": len(np.unique(rows.cluster)),
            "why_not": None,
            "champion": None,
            "drop": None,
            "shadow": None,
        }
        try:
            self.refuse(rows, start)
            return {
                **unjudged,
                "champion": self.champion(rows),
                "drop": self.drop(rows, self.baseline) if self.baseline else None,
                "shadow": self.shadow(rows) if "candidate" in rows.predictions else None,
            }
        except Invalid as error:
            return {**unjudged, "why_not": str(error)}

    def refuse(self, rows: Rows, start: datetime) -> None:
        """Raise Invalid if these rows cannot tell."""
        trained = [name for name, until in self.trained_until.items() if start < until]
        if trained:
            raise Invalid(f"the {trained[0]} was trained on rows of this window")
        rules, count, clusters = self.policy["monitoring"], len(rows.label), len(np.unique(rows.cluster))
        wanted = f"expected {rules['minimum_rows']:,} rows in {rules['minimum_clusters']:,} clusters"
        if count < rules["minimum_rows"] or clusters < rules["minimum_clusters"]:
            raise Invalid(f"{wanted}, found {count:,} in {clusters:,}")
        effective = self._estimate(rows).effective_clusters
        if effective < rules["minimum_clusters"]:
            worth = f"which tell as much as {effective:.1f} of equal size"
            raise Invalid(f"{wanted}, found {count:,} in {clusters:,}, {worth}")

    def champion(self, rows: Rows) -> WindowFigure:
        estimate = self._estimate(rows).within(self.metric.bounds)
        return {
            "value": estimate.value,
            "lower": estimate.lower,
            "upper": estimate.upper,
            "standard_error": estimate.standard_error,
        }

    def drop(self, rows: Rows, baseline: Estimate) -> WindowDifference:
        """The champion now minus the champion when it passed the gate, in the metric's good direction."""
        now, then = (self._in_good_direction(each) for each in (self._estimate(rows), baseline))
        estimate = statistics.from_earlier(now, then, self.policy["confidence"])
        is_found = of_interval(estimate, 0.0, self.policy["margin"]) == "WORSE"
        return self._described(estimate, is_found)

    def shadow(self, rows: Rows) -> WindowDifference:
        """The shadow minus the champion, paired by row."""
        figures, estimate = difference(self.metric, rows, "champion", self.policy["confidence"])
        better = of_interval(estimate, self.policy["min_effect"], self.policy["margin"]) == "BETTER"
        same = np.array_equal(rows.predictions["candidate"], rows.predictions["champion"])
        return {**self._described(estimate, better and not same), "value": figures["candidate_value"]}

    def _estimate(self, rows: Rows) -> Estimate:
        value, influence = measure(self.metric, rows, "champion")
        return estimate(value, influence, rows, self.policy["confidence"])

    def _described(self, estimate: Estimate, counts: bool) -> WindowDifference:
        shown = estimate.within(self.metric.difference_bounds)
        return {"difference": shown.value, "lower": shown.lower, "upper": shown.upper, "found": counts}

    def _in_good_direction(self, estimate: Estimate) -> Estimate:
        return replace(estimate, value=self.metric.sign * estimate.value)


def windows(judge: Judge, rows: Rows, end: datetime) -> list[MonitoredWindow]:
    """The newest windows up to `end`, oldest first."""
    rules = judge.policy["monitoring"]
    length = timedelta(days=rules["window_days"])
    starts = [end - length * count for count in range(rules["windows"], 0, -1)]
    return [judge.window(between(rows, start, start + length), start, start + length) for start in starts]


def between(rows: Rows, start: datetime, end: datetime) -> Rows:
    return subset(rows, (rows.time >= np.datetime64(start)) & (rows.time < np.datetime64(end)))


def baseline_of(version: Version, metric: str) -> Estimate | None:
    """The champion's figure when it passed the gate; None if the version does not tell its error."""
    verdict, value = version["verdict"], version["metrics"].get(metric)
    error, rows = verdict["standard_error"], verdict["rows"]
    if value is None or error is None or not rows:
        return None
    # No correlation is given, because the error is widened by it already.
    clusters = rows["clusters"]
    degrees = verdict.get("degrees_of_freedom") or clusters - 1
    return Estimate(value, value, value, error, rows["n"], clusters, None, degrees + 1, degrees)
