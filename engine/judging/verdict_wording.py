"""Say why: one sentence for each comparison, from its numbers."""

import math

from engine.documents.policy import Policy
from engine.documents.verdict import Comparison, FloorComparison, ModelComparison
from engine.judging.statistics import SHORT_SERIES
from engine.metrics.metrics import title_of
from engine.wording.text import cluster_noun, interval, rounded, signed, unsigned

MOST_TIMES = 100  # the rows that are there: a forecast of more is worth nothing
MOST_SLICES = 3  # that a reason names, the worst first; the report has all of them

SAME_MODEL = "The control is the same model as the champion, so it is shown once."
CLAUSES = {
    "IDENTICAL": "The candidate predicts the same as the {reference}, row for row.",
    "BETTER": "{metric} is better than the {reference}'s: {interval}.",
    "NON_INFERIOR": "{metric} is not worse than the {reference}'s beyond the margin {margin}: {interval}.",
    "INCONCLUSIVE": "These rows cannot tell {metric} from the {reference}'s: {interval}.",
    "WORSE": "{metric} is worse than the {reference}'s beyond the margin {margin}: {interval}.",
}
WORSE_WITHIN = (
    "{metric} is worse than the {reference}'s, and these rows cannot tell whether beyond the margin {margin}:"
    " {interval}."
)


def not_comparable(redefines: list[str]) -> str:
    """Why a change does not pass by its figures, and what to do."""
    return (
        f"A person has to accept this change, by operate.yml, because it redefines {', '.join(redefines)}: "
        "the figures are those of the base's question."
    )


def reason(comparison: ModelComparison, metric: str, policy: Policy, wins: bool, enough: bool) -> str:
    """What the interval says, then each slice and guardrail that fails."""
    verdict = comparison["verdict"]
    if verdict == "INCONCLUSIVE" and not enough:
        return " ".join([too_few(comparison, policy), *losses(comparison)])
    upper = comparison["upper"]
    excludes_zero = verdict == "INCONCLUSIVE" and upper is not None and upper < 0
    clause = WORSE_WITHIN if excludes_zero else CLAUSES[verdict]
    sentences = [clause.format(metric=title_of(metric), interval=interval(comparison), **comparison)]
    if verdict == "NON_INFERIOR" and not wins:
        sentences.append("It has to be better.")
    if (rows := comparison["rows_to_decide"]) is not None:
        sentences.append(more_rows(rows - comparison["rows"], comparison, policy))
    return " ".join([*sentences, *losses(comparison)])


def too_few(comparison: Comparison, policy: Policy) -> str:
    """Why the interval decides nothing, and what the policy requires."""
    noun, rows, clusters = cluster_noun(policy["cluster"]), comparison["rows"], comparison["clusters"]
    wanted, effective = policy["minimum_clusters"], comparison["effective_clusters"]
    interval_said = f"The interval {interval(comparison)} decides nothing."
    if rows < policy["minimum_rows"] or clusters < wanted:
        required = f"the policy requires {policy['minimum_rows']:,} in {wanted:,}"
        return f"{rows:,} rows in {clusters:,} {noun} are too few to tell; {required}. {interval_said}"
    if effective < wanted:
        required = f"the policy requires {wanted:,}"
        return f"{uneven(comparison, noun)}, which is too few to tell; {required}. {interval_said}"
    serial = comparison["serial_correlation"]
    correlation = signed(serial["autocorrelation"] if serial else None, 2)
    return (
        f"{clusters:,} {noun} are too few to tell if one foretells the next, which their correlation of"
        f" {correlation} does not rule out; {SHORT_SERIES} would do. {interval_said}"
    )


def uneven(comparison: Comparison, noun: str) -> str:
    """How few clusters of equal size tell as much, and what makes them so few."""
    rarer, clusters = comparison["rarer_class_rows"], f"{comparison['clusters']:,} {noun}"
    rows = "rows" if rarer is None else f"rows, {rarer:,} of the rarer class,"
    worth = f"tell as much as {comparison['effective_clusters']:.1f} of equal size"
    return f"{comparison['rows']:,} {rows} spread unevenly over {clusters} {worth}"


def more_rows(rows: int, comparison: Comparison, policy: Policy) -> str:
    if rows > MOST_TIMES * comparison["rows"]:
        return "The difference is too close to the threshold for any realistic number of rows to decide."
    clusters = math.ceil(rows * comparison["clusters"] / comparison["rows"])
    noun = cluster_noun(policy["cluster"])
    return f"About {rounded(rows)} more rows ({rounded(clusters)} more {noun}) would decide."


def losses(comparison: Comparison) -> list[str]:
    failed = [each for each in comparison["slices"] if not each["passed"]]
    failed.sort(key=lambda each: each["p_value"])
    sentences = [
        f"On {each['column']} = {each['value']} it drops beyond the margin: {interval(each)}."
        for each in failed[:MOST_SLICES]
    ]
    if len(failed) > MOST_SLICES:
        sentences.append(f"So it does on {len(failed) - MOST_SLICES:,} more slices.")
    for each in comparison["guardrails"]:
        if each["passed"]:
            continue
        if "maximum" in each:
            sentences.append(
                f"The model has {each['candidate_value']:,} bytes, allowed are {each['maximum']:,}."
            )
        else:
            title, margin = title_of(each["name"]), each["margin"]
            sentences.append(f"Guardrail {title} got worse beyond its margin {margin}: {interval(each)}.")
    return sentences


def without_champion(why: str, comparison: FloorComparison, metric: str, policy: Policy, enough: bool) -> str:
    if not enough:
        return " ".join([f"{why}. {too_few(comparison, policy)}", *losses(comparison)])
    floor = comparison["floor"]
    beaten = comparison["lower"] is not None and comparison["lower"] > 0
    ends = f"{unsigned(floor['lower'])}, {unsigned(floor['upper'])}"
    sentence = (
        f"{why}: {title_of(metric)} {unsigned(comparison['candidate_value'])} [{ends}]"
        f" {'beats' if floor['passed'] else 'does not beat'} the floor {floor['value']}"
        f" {'and' if floor['passed'] == beaten else 'but'} {'beats' if beaten else 'does not beat'}"
        f" a constant prediction: {interval(comparison)}."
    )
    return " ".join([sentence, *losses(comparison)])
