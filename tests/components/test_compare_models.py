"""The verdict table of the gate, and what keeps a comparison from being one."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import stdtr

from engine.judging import decision
from engine.judging.inputs import Model
from engine.judging.statistics import Estimate, SerialCorrelation, holm
from engine.judging.verdict_wording import more_rows, reason, too_few
from engine.reporting.terminal import detectable
from engine.tests.questions import (
    COUNT,
    DAYS,
    KEYS,
    LATE,
    LOGIT,
    ORIGIN,
    POLICY,
    ROWS_A_DAY,
    SNAPSHOT,
    TIMES,
    answer,
    model,
    moves,
    probability,
    question,
    truth,
    with_record,
    write_question,
)

GOOD, FAIR, POOR = probability(), probability(noise=1.0), probability(noise=4.0)


def against(document, reference):
    return next(each for each in document["comparisons"] if each["reference"] == reference)


def estimate(lower, upper):
    serial = SerialCorrelation(0.0, 1.0, 1.0)
    return Estimate((lower + upper) / 2, lower, upper, 0.01, 1000, 31, serial, 31, 30)


@pytest.mark.parametrize(
    ("lower", "upper", "verdict"),
    [
        (0.001, 0.02, "BETTER"),
        (0.0, 0.02, "NON_INFERIOR"),
        (-0.0049, 0.02, "NON_INFERIOR"),
        (-0.0049, -0.001, "NON_INFERIOR"),
        (-0.005, 0.02, "INCONCLUSIVE"),
        (-0.02, -0.005, "INCONCLUSIVE"),
        (-0.02, -0.0051, "WORSE"),
        (float("nan"), float("nan"), "INCONCLUSIVE"),
    ],
)
def test_the_verdict_is_read_from_the_interval(lower, upper, verdict):
    assert decision.of_interval(estimate(lower, upper), min_effect=0.0, margin=0.005) == verdict


@pytest.mark.parametrize(
    ("verdict", "improve", "not_worse"),
    [
        ("IDENTICAL", True, True),
        ("BETTER", True, True),
        ("NON_INFERIOR", False, True),
        ("INCONCLUSIVE", False, False),
        ("WORSE", False, False),
    ],
)
def test_the_policy_says_which_verdict_passes(verdict, improve, not_worse):
    assert decision.passes(verdict, "improve", POLICY) is improve
    assert decision.passes(verdict, "not-worse", POLICY) is not_worse
    lenient = POLICY | {"inconclusive": "pass"}
    assert decision.passes(verdict, "not-worse", lenient) is (not_worse or verdict == "INCONCLUSIVE")
    assert decision.passes(verdict, "improve", lenient) is improve


@given(st.floats(-1, 1), st.floats(0, 1), st.floats(0, 0.5), st.floats(0, 0.5))
@settings(deadline=None)
def test_raising_an_interval_never_makes_its_verdict_worse(lower, width, raised, margin):
    rank = ["WORSE", "INCONCLUSIVE", "NON_INFERIOR", "BETTER"].index
    one = decision.of_interval(estimate(lower, lower + width), 0.0, margin)
    other = decision.of_interval(estimate(lower + raised, lower + width + raised), 0.0, margin)

    assert rank(other) >= rank(one)


def test_better_than_champion_and_control_passes():
    document = answer(question(GOOD, control=FAIR, champion=POOR))

    assert (document["verdict"], document["passed"]) == ("BETTER", True)
    assert {each["verdict"] for each in document["comparisons"]} == {"BETTER"}
    assert document["rows"]["n"] == COUNT
    assert document["rows"]["data_sha256"] == SNAPSHOT["sha256"]
    assert document["models"]["candidate"]["milliseconds_per_1000_rows"] == 3.5
    assert document["models"]["dummy"]["value"] == 0.5


def test_a_change_that_leaves_the_model_as_it_is_passes_whatever_the_champion_says():
    document = answer(question(POOR, control=POOR, champion=GOOD))

    assert (document["verdict"], document["passed"]) == ("IDENTICAL", True)
    assert against(document, "champion")["verdict"] == "WORSE"
    assert against(document, "control")["difference"] == 0


def test_worse_than_the_control_fails_however_good_against_the_champion():
    document = answer(question(FAIR, control=GOOD, champion=POOR))

    assert (document["verdict"], document["passed"]) == ("WORSE", False)
    assert against(document, "champion")["verdict"] == "BETTER"
    assert "control" in document["reason"]
    assert "champion" not in document["reason"]


def test_a_model_that_is_only_not_worse_does_not_replace_the_champion():
    inputs = question(probability(0.02), control=GOOD, champion=probability(0.02, seed=2), margin=0.05)

    document = answer(inputs)

    assert (document["verdict"], document["passed"]) == ("NON_INFERIOR", False)
    assert against(document, "control")["passed"]
    assert "It has to be better." in document["reason"]
    assert against(document, "champion")["rows_to_decide"] > COUNT


def test_an_inconclusive_verdict_says_how_many_rows_would_decide():
    inputs = question(probability(2.5, seed=3), control=probability(2.5, seed=4), margin=0.02)
    inputs = replace(inputs, policy=inputs.policy | {"references": {"control": "not-worse"}})

    document = answer(inputs)

    assert (document["verdict"], document["passed"]) == ("INCONCLUSIVE", False)
    assert against(document, "control")["rows_to_decide"] > COUNT
    assert "would decide" in document["reason"]
    lenient = answer(replace(inputs, policy=inputs.policy | {"inconclusive": "pass", "guardrails": {}}))
    assert (lenient["verdict"], lenient["passed"]) == ("INCONCLUSIVE", True)


@pytest.mark.parametrize("too_few", [{"minimum_rows": COUNT + 1}, {"minimum_clusters": 40}])
def test_too_few_rows_or_days_decide_nothing(too_few):
    document = answer(question(GOOD, control=POOR, champion=POOR, **too_few))

    assert (document["verdict"], document["passed"]) == ("INCONCLUSIVE", False)
    assert "too few" in document["reason"]


def test_few_rows_of_a_class_decide_nothing_and_the_reason_says_so():
    late = np.zeros(COUNT, dtype=bool)
    late[:480:60] = True
    inputs = replace(question(probability(), control=probability(1.0)), truth=truth(late))

    document = answer(replace(inputs, policy=inputs.policy | {"slices": {"columns": [], "minimum_rows": 1}}))

    assert document["verdict"] == "INCONCLUSIVE"
    worth = "1,860 rows, 8 of the rarer class, spread unevenly over 31 days tell as much as 8.0 of equal size"
    assert f"{worth}, which is too few to tell; the policy requires 10." in document["reason"]
    assert "decides nothing." in document["reason"]
    assert against(document, "control")["rows_to_decide"] is None


def test_a_loss_within_the_margin_is_not_called_indistinguishable():
    difference = {"difference": -0.02, "lower": -0.03, "upper": -0.005, "rows": 100, "clusters": 20}
    comparison = difference | {"verdict": "INCONCLUSIVE", "margin": 0.02, "rows_to_decide": 150}
    comparison |= {"slices": [], "guardrails": []}

    said = reason(comparison | {"reference": "control"}, "roc_auc", POLICY, wins=False, enough=True)

    assert said.startswith("ROC AUC is worse than the control's, and these rows cannot tell whether beyond")
    assert said.endswith("About 50 more rows (10 more days) would decide.")


def test_a_hopeless_number_of_rows_is_not_recommended():
    assert "any realistic number of rows" in more_rows(1_000_000, {"rows": 100, "clusters": 20}, POLICY)


def test_days_that_may_foretell_the_next_are_too_few():
    comparison = {"difference": 0.2, "lower": 0.1, "upper": 0.3, "rows": 1000, "clusters": 12}
    comparison |= {"effective_clusters": 12.0, "serial_correlation": {"autocorrelation": 0.3}}

    assert too_few(comparison, POLICY).startswith("12 days are too few to tell if one foretells the next")


def test_without_a_champion_floor_and_dummy_decide():
    document = answer(question(GOOD))

    (comparison,) = document["comparisons"]
    assert (document["verdict"], document["passed"]) == ("NO_CHAMPION", True)
    assert comparison["floor"]["passed"]
    assert comparison["reference_value"] == 0.5


@pytest.mark.parametrize(
    ("candidate", "policy", "said"),
    [
        (GOOD, {"floor": 0.99}, "does not beat the floor 0.99 but beats a constant"),
        (probability(60.0), {"floor": 0.1}, "beats the floor 0.1 but does not beat a constant"),
        (GOOD, {"guardrails": {"model_bytes": {"maximum": 899}}}, "900 bytes, allowed are 899"),
        (GOOD, {"minimum_rows": COUNT + 1}, "too few"),
    ],
)
def test_without_a_champion_every_part_must_hold(candidate, policy, said):
    document = answer(question(candidate, **policy))

    assert (document["verdict"], document["passed"]) == ("NO_CHAMPION", False)
    assert said in document["reason"]


def test_without_a_champion_the_control_must_be_beaten():
    not_worse = answer(question(probability(0.02), control=GOOD, margin=0.05))
    better = answer(question(GOOD, control=POOR))

    assert (not_worse["verdict"], not_worse["passed"]) == ("NON_INFERIOR", False)
    assert against(not_worse, "control")["mode"] == "improve"
    assert (better["verdict"], better["passed"]) == ("BETTER", True)
    assert "no champion yet" in better["reason"]


def test_the_champion_is_judged_only_on_rows_it_was_not_trained_on():
    inputs = question(GOOD, control=FAIR, champion=POOR)
    document = answer(with_record(inputs, "champion", training_window={"start": None, "end": "2013-08-16"}))
    all_seen = answer(with_record(inputs, "champion", training_window={"start": None, "end": "2013-10-01"}))

    unseen = int(np.count_nonzero(np.datetime64("2013-08-16") <= TIMES))
    assert against(document, "champion")["rows"] == unseen
    assert against(document, "control")["rows"] == COUNT
    assert against(all_seen, "champion")["verdict"] == "NO_CHAMPION"
    assert against(all_seen, "control")["mode"] == "improve"
    assert "has seen all of these rows" in all_seen["reason"]


def test_a_slice_that_drops_fails_a_better_average():
    damaged = np.where(ORIGIN == "LGA", probability(30.0), GOOD)

    document = answer(question(damaged, control=probability(3.5), champion=probability(3.6)))

    slices = {each["value"]: each for each in against(document, "control")["slices"]}
    assert document["verdict"] == "BETTER"
    assert not document["passed"]
    assert [value for value, each in slices.items() if not each["passed"]] == ["LGA"]
    assert "On origin = LGA" in document["reason"]
    assert sum(each["rows"] for each in slices.values()) == COUNT


def test_slices_are_corrected_for_how_many_were_looked_at():
    comparison = against(answer(question(FAIR, control=GOOD, margin=0.1)), "control")

    slices = comparison["slices"]
    distances = [(each["difference"] + comparison["margin"]) / each["standard_error"] for each in slices]
    alone = [float(stdtr(each["clusters"] - 1, at)) for each, at in zip(slices, distances, strict=True)]
    assert [each["p_value"] for each in slices] == pytest.approx(holm(alone))
    assert holm(alone) != alone


def test_clusters_follow_each_other_in_time_whatever_their_names():
    inputs = question(GOOD, control=FAIR)
    names = [f"{99 - day}th to last" for day in range(DAYS) for _ in range(ROWS_A_DAY)]
    named = replace(inputs, truth=inputs.truth.append_column("name", [names]))

    by_name = answer(replace(named, policy=inputs.policy | {"cluster": "name"}))

    assert by_name["comparisons"] == answer(inputs)["comparisons"]


def test_clusters_side_by_side_in_time_have_no_neighbor_to_foretell():
    inputs = question(GOOD, control=FAIR, cluster="doctor")
    names = [f"doctor {row % 20}" for row in range(COUNT)]

    found = answer(replace(inputs, truth=inputs.truth.append_column("doctor", [names])))["comparisons"][0]

    assert (found["clusters"], found["serial_correlation"]) == (20, None)
    assert "side by side" in detectable(found)


def test_a_slice_of_few_rows_or_one_class_is_counted_but_not_judged():
    inputs = question(GOOD, control=FAIR, slices={"columns": ["origin"], "minimum_rows": 10_000})
    assert against(answer(inputs), "control")["slices_not_judged"] == 3
    one_class = truth(np.where(ORIGIN == "JFK", True, LATE))
    inputs = replace(question(GOOD, control=FAIR), truth=one_class)

    comparison = against(answer(inputs), "control")

    assert [each["value"] for each in comparison["slices"]] == ["EWR", "LGA"]
    assert comparison["slices_not_judged"] == 1


def test_a_guardrail_sees_what_ranks_hide():
    document = answer(question(probability(shift=3.0), control=GOOD, champion=POOR))

    control = against(document, "control")
    assert control["difference"] == 0
    assert control["verdict"] == "NON_INFERIOR"
    assert not document["passed"]
    assert "Guardrail log loss" in document["reason"]


def test_a_guardrail_on_too_few_clusters_fails_nothing():
    shifted = question(probability(shift=3.0), control=GOOD, minimum_clusters=40, inconclusive="pass")

    document = answer(replace(shifted, policy=shifted.policy | {"references": {"control": "not-worse"}}))

    assert (document["verdict"], document["passed"]) == ("INCONCLUSIVE", True)


@pytest.mark.parametrize("metric", ["mae", "rmse"])
def test_a_number_is_judged_with_lower_as_better(metric):
    near, far = LOGIT + 0.1, LOGIT + np.random.default_rng(3).normal(0, 2, COUNT)
    inputs = replace(question(near, control=far, champion=far), truth=truth(LOGIT), history=[])
    inputs = replace(inputs, policy=POLICY | {"metric": metric, "floor": 0.5, "guardrails": {}})
    label = {"name": "delay", "type": "number", "mean": 0.0, "median": -1.0}
    inputs = with_record(with_record(inputs, "control", label=label), "candidate", label=label)

    document = answer(inputs)
    alone = answer(replace(inputs, models={"candidate": inputs.models["candidate"]}))

    assert (document["verdict"], document["passed"]) == ("BETTER", True)
    assert document["metric"]["direction"] == "lower is better"
    assert document["models"]["candidate"]["value"] == pytest.approx(0.1)
    assert (alone["verdict"], alone["passed"]) == ("NO_CHAMPION", True)


def test_the_order_of_rows_changes_nothing():
    inputs = question(GOOD, control=FAIR, champion=POOR, cluster="origin", minimum_clusters=2)
    order = np.random.default_rng(0).permutation(COUNT)
    shuffled = replace(
        inputs,
        truth=inputs.truth.take(order),
        models={
            name: replace(each, table=each.table.take(order[::-1])) for name, each in inputs.models.items()
        },
    )

    one, other = answer(inputs), answer(shuffled)

    assert other["verdict"] == one["verdict"]
    for mine, theirs in zip(one["comparisons"], other["comparisons"], strict=True):
        assert theirs["lower"] == pytest.approx(mine["lower"], abs=1e-9)
        assert theirs["clusters"] == 3


def test_rows_without_a_label_are_left_out():
    label = [None if index % 2 else bool(late) for index, late in enumerate(LATE)]

    document = answer(replace(question(GOOD, control=FAIR), truth=truth(label)))

    assert document["rows"]["n"] == COUNT / 2


def broken(**changes):
    return replace(question(GOOD, control=FAIR, champion=POOR), **changes)


def predicted(change):
    """A question whose control's predictions were changed."""
    inputs = question(GOOD, control=FAIR)
    table = change(inputs.models["control"].table)
    return replace(inputs, models=inputs.models | {"control": replace(inputs.models["control"], table=table)})


def with_value(value):
    return predicted(lambda table: model(np.r_[value, FAIR[1:]]).table)


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        (broken(findings={"findings": [{"message": "leakage"}, {"message": "x"}]}), "leakage (and 1 more)"),
        (predicted(lambda table: table.slice(7)), "lack 7 of 1,860 labelled rows"),
        (broken(truth=truth().slice(5)), "5 rows that are not in the truth"),
        (predicted(lambda table: table.take([0, *range(COUNT)])), "1 repeated keys among 1,861"),
        (broken(truth=truth().take([0, *range(COUNT)])), "truth has 1 repeated keys"),
        (with_value(float("nan")), "not numbers in 1 of 1,860 rows"),
        (with_value(float("inf")), "not numbers in 1 of 1,860 rows"),
        (with_value(1.5), "no probabilities in 1 rows"),
        (broken(truth=truth(np.ones(COUNT))), "needs both classes, found 1860 positive and 0"),
        (broken(truth=truth(np.full(COUNT, 2.0))), "labels of 0 and 1"),
        (broken(truth=truth([None] * COUNT)), "evaluation row has a label"),
        (broken(truth=truth().slice(0, 0)), "no evaluation rows"),
        (broken(training=truth()), "1,860 evaluation rows are training rows too"),
        (
            with_record(broken(), "control", training_window={"start": None, "end": "2013-08-02"}),
            "trained up to 2013-08-02",
        ),
        (with_record(broken(), "candidate", model_bytes=None), "does not tell model_bytes"),
        (broken(policy=POLICY | {"references": {}}), "no reference"),
    ],
)
def test_predictions_that_cannot_be_compared_are_invalid_with_a_reason(inputs, said):
    document = answer(inputs)

    assert (document["verdict"], document["passed"]) == ("INVALID", False)
    assert said in document["reason"]


def test_a_champion_without_predictions_is_not_a_missing_champion():
    inputs = question(GOOD, control=GOOD, champion=POOR)
    empty = replace(inputs.models["champion"], table=inputs.models["champion"].table.slice(0, 0))

    document = answer(replace(inputs, models=inputs.models | {"champion": empty}))

    assert document["verdict"] == "INVALID"
    assert "champion's predictions lack 1,860" in document["reason"]


def test_uses_of_the_same_rows_are_counted():
    summary = moves({})[0]["verdict"]
    same = {"verdict": summary | {"rows": summary["rows"] | {"data_sha256": SNAPSHOT["sha256"]}}}
    other, without_rows = {"verdict": summary}, {"verdict": summary | {"rows": None}}

    document = answer(replace(question(GOOD), history=moves(same, other, same, without_rows)))

    assert document["holdout_uses"] == 2


def test_the_component_writes_all_it_promises(run_component, tmp_path):
    options = write_question(question(GOOD, control=FAIR, champion=POOR), tmp_path)
    artifact = {"name": "metrics", "uri": "file:///m", "metadata": {}}
    executor_input = {
        "outputs": {
            "artifacts": {"metrics": {"artifacts": [artifact]}},
            "outputFile": str(tmp_path / "executor" / "output.json"),
        }
    }
    options |= {"metrics": tmp_path / "out" / "metrics", "executor_input": executor_input}

    ended = run_component("compare_models", results_uri=(tmp_path / "results").as_uri(), **options)

    assert (ended.status, ended.error) == (0, "")
    assert "BETTER" in ended.output
    verdict = json.loads(options["verdict"].read_bytes())
    assert options["passed"].read_text() == "true"
    written = json.loads((tmp_path / "executor" / "output.json").read_bytes())
    shown = written["artifacts"]["metrics"]["artifacts"][0]
    assert shown["metadata"] == verdict["models"]["candidate"]["metrics"]
    assert shown["uri"] == "file:///m"
    for name, path in (("verdict.json", "verdict"), ("report.html", "report"), ("report.md", "summary")):
        assert (tmp_path / "results" / name).read_bytes() == options[path].read_bytes()


def test_refused_data_gets_its_verdict_without_any_predictions(run_component, tmp_path):
    options = write_question(broken(findings={"findings": [{"message": "12 rows repeat"}]}), tmp_path)
    given = ("policy", "provenance", "findings", "verdict", "report", "summary", "passed")

    ended = run_component("compare_models", **{name: options[name] for name in given})

    assert ended.status == 0
    assert options["passed"].read_text() == "false"
    assert "12 rows repeat" in options["report"].read_text()


def test_a_table_that_cannot_be_read_is_the_worlds_fault(run_component, tmp_path):
    options = write_question(question(GOOD, control=FAIR), tmp_path)
    options["candidate"].write_bytes(options["candidate"].read_bytes()[:500])

    ended = run_component("compare_models", **options)

    assert ended.status == 3
    assert "candidate.parquet: expected a parquet file" in ended.error


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ({"metric": "auc"}, "expected one of roc_auc"),
        ({"metric": "rmse"}, "rmse does not suit a label of type 'binary'"),
        ({"cluster": "week"}, "found 'week'"),
    ],
)
def test_a_policy_that_does_not_fit_is_reported(run_component, tmp_path, policy, said):
    ended = run_component("compare_models", **write_question(question(GOOD, **policy), tmp_path))

    assert ended.status == 2
    assert said in ended.error


def test_keys_may_be_words(tmp_path):
    inputs = question(GOOD, control=FAIR)
    names = [f"flight {key}" for key in KEYS]

    def renamed(table):
        return table.set_column(0, "name", [names])

    models = {name: Model(m.record, m.version, renamed(m.table)) for name, m in inputs.models.items()}
    words = replace(inputs, truth=renamed(inputs.truth), training=None, models=models)

    assert answer(words)["comparisons"] == answer(inputs)["comparisons"]
