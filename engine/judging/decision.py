"""Decide: each comparison's verdict from its interval, and the document's verdict from its comparisons."""

from collections.abc import Iterable
from typing import TypedDict

import numpy as np

from engine.documents.policy import Mode, Policy
from engine.documents.verdict import (
    Comparison,
    FloorComparison,
    Guardrail,
    ModelComparison,
    ModelOutcome,
    Outcome,
    Reference,
    SerialCorrelation,
    Slice,
)
from engine.judging import statistics, verdict_wording
from engine.judging.differences import difference, enough_clusters, estimate, measure, subset, with_dummy
from engine.judging.inputs import Model, Rows
from engine.judging.safeguards import judge_guardrails, judge_size, judge_slices
from engine.judging.statistics import Estimate
from engine.metrics.known_metrics import known_metrics

PASSING = {"improve": {"IDENTICAL", "BETTER"}, "not-worse": {"IDENTICAL", "BETTER", "NON_INFERIOR"}}


def decide(rows: Rows, models: dict[str, Model], policy: Policy, dummy: float) -> list[Comparison]:
    """One comparison for each reference of the policy that can be there; the champion's comes first."""
    comparisons: list[Comparison] = []
    champion, control = policy["references"].get("champion"), policy["references"].get("control")
    if champion:
        unseen, why = unseen_rows(rows, models.get("champion"))
        if unseen is None:
            comparisons.append(against_nothing(champion, rows, policy, models["candidate"], dummy, why))
            control = control and stricter(champion, control)
        else:
            comparisons.append(against("champion", champion, unseen, policy, models["candidate"]))
    if control and "control" in models:
        comparisons.append(against("control", control, rows, policy, models["candidate"]))
    return comparisons


def stricter(one: Mode, other: Mode) -> Mode:
    """Without a champion, the candidate has to beat the control as it would the champion."""
    return "improve" if "improve" in (one, other) else "not-worse"


def control_is_champion(rows: Rows, models: dict[str, Model], policy: Policy) -> bool:
    """Whether both are asked for, and predict the same on rows that the champion has not seen."""
    if not {"champion", "control"} <= models.keys() & policy["references"].keys():
        return False
    unseen, _ = unseen_rows(rows, models["champion"])
    is_whole = unseen is not None and len(unseen.label) == len(rows.label)
    return is_whole and np.array_equal(rows.predictions["champion"], rows.predictions["control"])


class Headline(TypedDict):
    """A verdict's outcome, which one of its comparisons decides."""

    verdict: Outcome
    passed: bool
    reason: str


def overall(comparisons: list[Comparison]) -> Headline:
    """Every comparison must pass; but a change that leaves the model as it is passes in any case."""
    by_reference = {comparison["reference"]: comparison for comparison in comparisons}
    control = by_reference.get("control")
    deciding = [by_reference[name] for name in ("control", "champion") if name in by_reference]
    if control and control["verdict"] == "IDENTICAL":
        return headline(control, True, comparisons)
    lost = [comparison for comparison in deciding if not comparison["passed"]]
    if lost:
        return headline(lost[0], False, lost)
    won = [c for c in comparisons if c["verdict"] != "NO_CHAMPION"] or comparisons
    return headline(won[0], True, comparisons)


def headline(comparison: Comparison, passed: bool, comparisons: list[Comparison]) -> Headline:
    others = [other for other in comparisons if other is not comparison]
    reason = " ".join(each["reason"] for each in (comparison, *others))
    return {"verdict": comparison["verdict"], "passed": passed, "reason": reason}


def unseen_rows(rows: Rows, champion: Model | None) -> tuple[Rows | None, str]:
    """The rows from after the champion's training; without any, why there is nothing to compare with."""
    if champion is None:
        return None, "There is no champion yet"
    end = np.datetime64(champion.record["training_window"]["end"])
    unseen = rows.time >= end
    if not unseen.any():
        return None, f"The champion was trained up to {end} and has seen all of these rows"
    return subset(rows, unseen), ""


def against(
    reference: Reference, mode: Mode, rows: Rows, policy: Policy, candidate: Model
) -> ModelComparison:
    """Compare the candidate with one reference on `rows`."""
    metric, margin, least = known_metrics()[policy["metric"]], policy["margin"], policy["min_effect"]
    figures, estimate = difference(metric, rows, reference, policy["confidence"])
    verdict: ModelOutcome = "IDENTICAL"
    skipped = 0
    slices: list[Slice] = []
    guardrails: list[Guardrail] = []
    if not np.array_equal(rows.predictions["candidate"], rows.predictions[reference]):
        verdict = of_interval(estimate, least, margin) if enough(estimate, policy) else "INCONCLUSIVE"
        slices, skipped = judge_slices(metric, rows, reference, policy)
        guardrails = judge_guardrails(rows, reference, policy, candidate)
    wins = passes(verdict, mode, policy)
    undecided = verdict == "INCONCLUSIVE" or (verdict == "NON_INFERIOR" and not wins)
    comparison: ModelComparison = {
        "reference": reference,
        "mode": mode,
        "verdict": verdict,
        "passed": wins and all_pass(slices) and all_pass(guardrails),
        "reason": "",
        **figures,
        **strength_of(estimate, policy),
        "rows_to_decide": statistics.rows_to_decide(estimate, least if mode == "improve" else -margin)
        if undecided and enough(estimate, policy)
        else None,
        "slices": slices,
        "slices_not_judged": skipped,
        "guardrails": guardrails,
    }
    comparison["reason"] = verdict_wording.reason(
        comparison, metric.name, policy, wins, enough(estimate, policy)
    )
    return comparison


def all_pass(judged: Iterable[Slice | Guardrail]) -> bool:
    return all(each["passed"] for each in judged)


def enough(estimate: Estimate, policy: Policy) -> bool:
    """Whether the interval can be trusted to decide."""
    return estimate.rows >= policy["minimum_rows"] and enough_clusters(estimate, policy)


class Strength(TypedDict):
    """What an estimate of so many rows can show, under the rules of the policy."""

    confidence: float
    margin: float
    min_effect: float
    minimum_detectable_effect: float | None
    serial_correlation: SerialCorrelation | None


def strength_of(estimate: Estimate, policy: Policy) -> Strength:
    serial = estimate.serial_correlation
    return {
        "confidence": policy["confidence"],
        "margin": policy["margin"],
        "min_effect": policy["min_effect"],
        "minimum_detectable_effect": statistics.minimum_detectable_effect(estimate, policy["confidence"]),
        "serial_correlation": {
            "autocorrelation": serial.autocorrelation,
            "p_value": serial.p_value,
            "widening": serial.widening,
        }
        if serial
        else None,
    }


def of_interval(estimate: Estimate, min_effect: float, margin: float) -> ModelOutcome:
    if estimate.lower > min_effect:
        return "BETTER"
    if estimate.lower > -margin:
        return "NON_INFERIOR"
    return "WORSE" if estimate.upper < -margin else "INCONCLUSIVE"


def passes(verdict: ModelOutcome, mode: Mode, policy: Policy) -> bool:
    if verdict == "INCONCLUSIVE" and mode == "not-worse":
        return policy["inconclusive"] == "pass"
    return verdict in PASSING[mode]


def against_nothing(
    mode: Mode, rows: Rows, policy: Policy, candidate: Model, dummy: float, why: str
) -> FloorComparison:
    """Without a champion the whole interval must lie beyond the floor and beyond a constant prediction."""
    metric, confidence = known_metrics()[policy["metric"]], policy["confidence"]
    rows = with_dummy(rows, dummy)
    figures, estimated = difference(metric, rows, "dummy", confidence)
    value, influence = measure(metric, rows, "candidate")
    alone = estimate(value, influence, rows, confidence).within(metric.bounds)
    reached = alone.lower > policy["floor"] if metric.sign > 0 else alone.upper < policy["floor"]
    wins = reached and estimated.lower > 0 and enough(estimated, policy)
    guardrails: list[Guardrail] = [*judge_size(policy, candidate)]
    comparison: FloorComparison = {
        "reference": "champion",
        "mode": mode,
        "verdict": "NO_CHAMPION",
        "passed": wins and all_pass(guardrails),
        "reason": "",
        **figures,
        **strength_of(estimated, policy),
        "floor": {"value": policy["floor"], "lower": alone.lower, "upper": alone.upper, "passed": reached},
        "rows_to_decide": None,
        "slices": [],
        "slices_not_judged": 0,
        "guardrails": guardrails,
    }
    comparison["reason"] = verdict_wording.without_champion(
        why, comparison, metric.name, policy, enough(estimated, policy)
    )
    return comparison
