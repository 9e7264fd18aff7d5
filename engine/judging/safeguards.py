"""What a good average must not hide: slices of the rows, other metrics, the size of the model."""

import numpy as np

from engine.documents.policy import Policy, slice_level
from engine.documents.verdict import Difference, Guardrail, SizeGuardrail, Slice
from engine.judging import statistics
from engine.judging.differences import difference, enough_clusters, subset
from engine.judging.inputs import Invalid, Model, Rows
from engine.metrics.known_metrics import known_metrics
from engine.metrics.metric import Metric
from engine.metrics.metrics import MODEL_BYTES


def judge_slices(metric: Metric, rows: Rows, reference: str, policy: Policy) -> tuple[list[Slice], int]:
    """Slices fail on a significant drop beyond the margin only, corrected for how many were looked at."""
    judged: list[tuple[str, str, Difference]] = []
    p_values: list[float] = []
    skipped = 0
    for column, (names, codes) in rows.slices.items():
        counts = np.bincount(codes, minlength=len(names))
        for code in np.flatnonzero(counts):
            part = subset(rows, codes == code)
            if counts[code] < policy["slices"]["minimum_rows"]:
                skipped += 1
                continue
            try:
                figures, estimate = difference(metric, part, reference, policy["confidence"])
            except Invalid:
                skipped += 1
                continue
            if not enough_clusters(estimate, policy):
                skipped += 1
                continue
            judged.append((column, names[code], figures))
            p_values.append(statistics.p_value_below(estimate, -policy["margin"]))
    level = slice_level(policy["confidence"])
    slices: list[Slice] = [
        {"column": column, "value": value, **figures, "p_value": p_value, "passed": p_value >= level}
        for (column, value, figures), p_value in zip(judged, statistics.holm(p_values), strict=True)
    ]
    return slices, skipped


def judge_guardrails(rows: Rows, reference: str, policy: Policy, candidate: Model) -> list[Guardrail]:
    """What the metric hides must not drop significantly beyond its own margin, on clusters enough to tell."""
    judged: list[Guardrail] = []
    for name, rule in policy["guardrails"].items():
        if name != MODEL_BYTES:
            figures, estimate = difference(known_metrics()[name], rows, reference, policy["confidence"])
            passed = estimate.upper >= -rule["margin"] or not enough_clusters(estimate, policy)
            judged.append({"name": name, **figures, "margin": rule["margin"], "passed": passed})
    return [*judged, *judge_size(policy, candidate)]


def judge_size(policy: Policy, candidate: Model) -> list[SizeGuardrail]:
    rule = policy["guardrails"].get(MODEL_BYTES)
    if rule is None:
        return []
    size = candidate.record.get("model_bytes")
    if size is None:
        raise Invalid("the candidate's record does not tell model_bytes, which a guardrail judges")
    maximum = rule["maximum"]
    return [{"name": "model_bytes", "candidate_value": size, "maximum": maximum, "passed": size <= maximum}]
