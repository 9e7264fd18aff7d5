"""Say why: one sentence for each comparison, from its numbers."""

import math

from engine.documents.policy import Policy
from engine.documents.verdict import Comparison, FloorComparison, ModelComparison
from engine.metrics.metrics import title_of
from engine.text import cluster_noun, interval, rounded, unsigned

CLAUSES = {
    "IDENTICAL": "The candidate predicts the same as the {reference}, row for row.",
    "BETTER": "{metric} is better than the {reference}'s: {interval}.",
    "NON_INFERIOR": "{metric} is not worse than the {reference}'s beyond the margin {margin}: {interval}.",
    "INCONCLUSIVE": "These rows cannot tell {metric} from the {reference}'s: {interval}.",
    "WORSE": "{metric} is worse than the {reference}'s beyond the margin {margin}: {interval}.",
}


def reason(comparison: ModelComparison, metric: str, policy: Policy, wins: bool, enough: bool) -> str:
    """Slices and guardrails are named where they alone keep the candidate from passing."""
    verdict = comparison["verdict"]
    if verdict == "INCONCLUSIVE" and not enough:
        return too_few(comparison, policy)
    said = [CLAUSES[verdict].format(metric=title_of(metric), interval=interval(comparison), **comparison)]
    if verdict == "NON_INFERIOR" and not wins:
        said.append("It has to be better.")
    if (rows := comparison["rows_to_decide"]) is not None:
        said.append(f"About {rows_and_clusters(rows, comparison, policy)} would decide.")
    return " ".join([*said, *(losses(comparison) if wins else [])])


def too_few(comparison: Comparison, policy: Policy) -> str:
    noun = cluster_noun(policy["cluster"])
    return (
        f"{comparison['rows']:,} rows in {comparison['clusters']:,} {noun} are too few to tell;"
        f" the policy asks for {policy['minimum_rows']:,} in {policy['minimum_clusters']:,}."
    )


def rows_and_clusters(rows: int, comparison: Comparison, policy: Policy) -> str:
    clusters = math.ceil(rows * comparison["clusters"] / comparison["rows"])
    return f"{rounded(rows)} rows ({rounded(clusters)} {cluster_noun(policy['cluster'])})"


def losses(comparison: Comparison) -> list[str]:
    said = [
        f"On {each['column']} = {each['value']} it drops beyond the margin: {interval(each)}."
        for each in comparison["slices"]
        if not each["passed"]
    ]
    for each in comparison["guardrails"]:
        if each["passed"]:
            continue
        if "maximum" in each:
            said.append(f"The model has {each['candidate_value']:,} bytes, allowed are {each['maximum']:,}.")
        else:
            title, margin = title_of(each["name"]), each["margin"]
            said.append(f"Guardrail {title} got worse beyond its margin {margin}: {interval(each)}.")
    return said


def without_champion(why: str, comparison: FloorComparison, metric: str, policy: Policy, enough: bool) -> str:
    if not enough:
        return f"{why}. {too_few(comparison, policy)}"
    floor = comparison["floor"]
    beaten = comparison["lower"] is not None and comparison["lower"] > 0
    ends = f"{unsigned(floor['lower'])}, {unsigned(floor['upper'])}"
    said = (
        f"{why}: {title_of(metric)} {unsigned(comparison['candidate_value'])} [{ends}]"
        f" {'beats' if floor['passed'] else 'does not beat'} the floor {floor['value']}"
        f" {'and' if floor['passed'] == beaten else 'but'} {'beats' if beaten else 'does not beat'}"
        f" a constant prediction: {interval(comparison)}."
    )
    return " ".join([said, *losses(comparison)])
