"""Decide: each comparison's verdict from its interval, and the document's verdict from its comparisons."""

from dataclasses import asdict, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from components.compare_models import wording
from components.compare_models.inputs import Invalid, Model, Rows
from components.shared import statistics
from components.shared.metrics import METRICS, Floats, Metric, Undefined
from components.shared.statistics import Estimate

PASSING = {"improve": {"IDENTICAL", "BETTER"}, "not-worse": {"IDENTICAL", "BETTER", "NON_INFERIOR"}}


def decide(
    rows: Rows, models: dict[str, Model], policy: dict[str, Any], dummy: float
) -> list[dict[str, Any]]:
    """One comparison for each reference of the policy that can be there; the champion's comes first."""
    modes, comparisons = dict(policy["references"]), []
    if "champion" in modes:
        unseen, why = unseen_rows(rows, models.get("champion"))
        if unseen is None:
            comparisons.append(
                against_nothing(modes["champion"], rows, policy, models["candidate"], dummy, why)
            )
            modes |= {"control": "improve"} if "control" in modes else {}
        else:
            comparisons.append(against("champion", modes["champion"], unseen, policy, models["candidate"]))
    if "control" in modes and "control" in models:
        comparisons.append(against("control", modes["control"], rows, policy, models["candidate"]))
    return comparisons


def overall(comparisons: list[dict[str, Any]]) -> dict[str, Any]:
    """Every comparison must pass; but a change that leaves the model as it is passes in any case."""
    by_reference = {comparison["reference"]: comparison for comparison in comparisons}
    control = by_reference.get("control", {})
    deciding = [by_reference[name] for name in ("control", "champion") if name in by_reference]
    if control.get("verdict") == "IDENTICAL":
        return headline(control, True, comparisons)
    lost = [comparison for comparison in deciding if not comparison["passed"]]
    if lost:
        return headline(lost[0], False, lost)
    won = [c for c in comparisons if c["verdict"] != "NO_CHAMPION"] or comparisons
    return headline(won[0], True, comparisons)


def headline(comparison: dict[str, Any], passed: bool, told: list[dict[str, Any]]) -> dict[str, Any]:
    others = [other for other in told if other is not comparison]
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


def subset(rows: Rows, mask: NDArray[np.bool_]) -> Rows:
    return replace(
        rows,
        time=rows.time[mask],
        label=rows.label[mask],
        cluster=rows.cluster[mask],
        slices={column: (names, codes[mask]) for column, (names, codes) in rows.slices.items()},
        predictions={name: values[mask] for name, values in rows.predictions.items()},
    )


def against(
    reference: str, mode: str, rows: Rows, policy: dict[str, Any], candidate: Model
) -> dict[str, Any]:
    """Compare the candidate with one reference on `rows`."""
    metric, margin, least = METRICS[policy["metric"]], policy["margin"], policy["min_effect"]
    figures, found = difference(metric, rows, reference, policy["confidence"])
    verdict, slices, skipped, guardrails = "IDENTICAL", [], 0, []
    if not np.array_equal(rows.predictions["candidate"], rows.predictions[reference]):
        verdict = of_interval(found, least, margin) if enough(found, policy) else "INCONCLUSIVE"
        slices, skipped = judge_slices(metric, rows, reference, policy)
        guardrails = judge_guardrails(rows, reference, policy, candidate)
    wins = passes(verdict, mode, policy)
    open_end = verdict == "INCONCLUSIVE" or (verdict == "NON_INFERIOR" and not wins)
    comparison = {
        "reference": reference,
        "mode": mode,
        "verdict": verdict,
        "passed": wins and all(each["passed"] for each in (*slices, *guardrails)),
        **figures,
        **described(found, policy),
        "rows_to_decide": statistics.rows_to_decide(found, least if mode == "improve" else -margin)
        if open_end
        else None,
        "slices": slices,
        "slices_not_judged": skipped,
        "guardrails": guardrails,
    }
    told = wording.reason(comparison, metric.name, policy, wins, enough(found, policy))
    return comparison | {"reason": told}


def enough(found: Estimate, policy: dict[str, Any]) -> bool:
    return found.rows >= policy["minimum_rows"] and found.clusters >= policy["minimum_clusters"]


def described(found: Estimate, policy: dict[str, Any]) -> dict[str, Any]:
    return {
        **{name: policy[name] for name in ("confidence", "margin", "min_effect")},
        "minimum_detectable_effect": statistics.minimum_detectable_effect(found, policy["confidence"]),
        "serial_correlation": asdict(found.serial_correlation),
    }


def of_interval(found: Estimate, min_effect: float, margin: float) -> str:
    if found.lower > min_effect:
        return "BETTER"
    if found.lower > -margin:
        return "NON_INFERIOR"
    return "WORSE" if found.upper < -margin else "INCONCLUSIVE"


def passes(verdict: str, mode: str, policy: dict[str, Any]) -> bool:
    if verdict == "INCONCLUSIVE" and mode == "not-worse":
        return policy["inconclusive"] == "pass"
    return verdict in PASSING[mode]


def against_nothing(
    mode: str, rows: Rows, policy: dict[str, Any], candidate: Model, dummy: float, why: str
) -> dict[str, Any]:
    """Without a champion the whole interval must lie beyond the floor and beyond a constant prediction."""
    metric, confidence = METRICS[policy["metric"]], policy["confidence"]
    rows = replace(rows, predictions={**rows.predictions, "dummy": np.full(len(rows.label), dummy)})
    figures, found = difference(metric, rows, "dummy", confidence)
    value, influence = measure(metric, rows, "candidate")
    alone = statistics.estimate(value, influence, rows.cluster, confidence)
    reached = alone.lower > policy["floor"] if metric.higher_is_better else alone.upper < policy["floor"]
    wins = reached and found.lower > 0 and enough(found, policy)
    guardrails = judge_size(policy, candidate)
    comparison = {
        "reference": "champion",
        "mode": mode,
        "verdict": "NO_CHAMPION",
        "passed": wins and all(each["passed"] for each in guardrails),
        **figures,
        **described(found, policy),
        "floor": {"value": policy["floor"], "lower": alone.lower, "upper": alone.upper, "passed": reached},
        "rows_to_decide": None,
        "slices": [],
        "slices_not_judged": 0,
        "guardrails": guardrails,
    }
    told = wording.without_champion(why, comparison, metric.name, policy, enough(found, policy))
    return comparison | {"reason": told}


def measure(metric: Metric, rows: Rows, model: str) -> tuple[float, Floats]:
    try:
        value, influence = metric.estimate(rows.label, rows.predictions[model])
    except Undefined as error:
        raise Invalid(str(error)) from None
    if not np.isfinite(value):
        raise Invalid(f"the {model}'s {metric.title} is {value}")
    return value, influence


def difference(
    metric: Metric, rows: Rows, reference: str, confidence: float
) -> tuple[dict[str, Any], Estimate]:
    """Candidate minus reference, paired by row, turned into the metric's good direction."""
    candidate, candidate_influence = measure(metric, rows, "candidate")
    other, other_influence = measure(metric, rows, reference)
    influence = metric.sign * (candidate_influence - other_influence)
    found = statistics.estimate(metric.sign * (candidate - other), influence, rows.cluster, confidence)
    return {
        "rows": found.rows,
        "clusters": found.clusters,
        "candidate_value": candidate,
        "reference_value": other,
        "difference": found.value,
        "lower": found.lower,
        "upper": found.upper,
        "standard_error": found.standard_error,
    }, found


def judge_slices(
    metric: Metric, rows: Rows, reference: str, policy: dict[str, Any]
) -> tuple[list[dict[str, Any]], int]:
    """Slices fail on a significant drop beyond the margin only, corrected for how many were looked at."""
    judged, p_values, skipped = [], [], 0
    for column, (names, codes) in rows.slices.items():
        counts = np.bincount(codes, minlength=len(names))
        for code in np.flatnonzero(counts):
            part = subset(rows, codes == code)
            few = counts[code] < policy["slices"]["minimum_rows"]
            if few or len(np.unique(part.cluster)) < policy["minimum_clusters"]:
                skipped += 1
                continue
            try:
                figures, found = difference(metric, part, reference, policy["confidence"])
            except Invalid:
                skipped += 1
                continue
            judged.append({"column": column, "value": names[code], **figures})
            p_values.append(statistics.p_value_below(found, -policy["margin"]))
    level = (1 - policy["confidence"]) / 2
    for each, p_value in zip(judged, statistics.holm(p_values), strict=True):
        each |= {"p_value": p_value, "passed": p_value >= level}
    return judged, skipped


def judge_guardrails(
    rows: Rows, reference: str, policy: dict[str, Any], candidate: Model
) -> list[dict[str, Any]]:
    """What the metric hides must not drop significantly beyond its own margin."""
    judged = []
    for name, rule in policy["guardrails"].items():
        if name in METRICS:
            figures, found = difference(METRICS[name], rows, reference, policy["confidence"])
            judged.append(
                {"name": name, **figures, "margin": rule["margin"], "passed": found.upper >= -rule["margin"]}
            )
    return judged + judge_size(policy, candidate)


def judge_size(policy: dict[str, Any], candidate: Model) -> list[dict[str, Any]]:
    rule = policy["guardrails"].get("model_bytes")
    if rule is None:
        return []
    size = candidate.record.get("model_bytes")
    if size is None:
        raise Invalid("the candidate's record does not tell model_bytes, which a guardrail judges")
    judged = {"name": "model_bytes", "candidate_value": size, "maximum": rule["maximum"]}
    return [{**judged, "passed": size <= rule["maximum"]}]
