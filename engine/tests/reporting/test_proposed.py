"""What the policy of a change would say is shown under the verdict, and decides nothing."""

import re

import jsonschema
import pytest

from engine.judging import proposed_policy
from engine.judging.proposed_policy import with_proposed
from engine.judging.verdict_document import judge
from engine.reporting import terminal
from engine.reporting import verdict_report as report
from engine.tests.policies import POLICY
from engine.tests.questions import SCHEMA, probability, question
from engine.tests.reporting.test_replaced import CHANGES
from engine.tests.reporting.test_report import HOSTILE, Tags

GOOD, FAIR = probability(), probability(noise=0.5)


def judged(policy: dict, candidate=FAIR, **origin):
    inputs = question(candidate, control=GOOD, margin=0.2)
    inputs.provenance.update(origin)
    verdict, rows = judge(inputs)
    proposed = with_proposed(verdict, inputs, policy)
    assert {name: proposed[name] for name in verdict} == verdict
    return proposed, report.render(proposed, rows, inputs)


def test_a_stricter_policy_is_seen_before_it_decides() -> None:
    verdict, files = judged({**POLICY, "margin": 0.001})

    jsonschema.validate(verdict, SCHEMA, jsonschema.Draft202012Validator)
    assert (verdict["verdict"], verdict["proposed"]["verdict"]) == ("NON_INFERIOR", "WORSE")
    assert verdict["proposed"]["comparisons"][-1]["reason"] in verdict["proposed"]["reason"]
    page = " ".join(Tags(files["report.html"]).text.split())
    said = "After the merge the change's own policy would say"
    assert f"{said} WORSE, does not pass; before, it decides nothing." in page
    assert page.index("Differences Candidate") < page.index("Differences by the change's own policy")
    assert f"{said} **WORSE**, does not pass" in files["report.md"]
    assert files["report.md"].startswith("## ❌ NON\\_INFERIOR, does not pass\n")
    assert files["report.md"].count(": WORSE ") == 1
    shown = " ".join(terminal.render(verdict, color=False).split())
    assert said.lower() in shown.lower()


def test_another_metric_is_judged_by_its_own_name() -> None:
    verdict, files = judged({**POLICY, "metric": "log_loss", "guardrails": {}, "margin": 0.01})

    assert verdict["metric"]["name"] == "roc_auc"
    assert verdict["proposed"]["comparisons"][-1]["candidate_value"] == pytest.approx(
        verdict["models"]["candidate"]["metrics"]["log_loss"]
    )
    assert re.search(r"against the control: WORSE.*\n +log loss", files["report.md"])


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"metric": "is_right"}, "metric: expected one of"),
        ({"slices": {"columns": ["humidity"], "minimum_rows": 1}}, "found 'humidity'"),
        (
            {"slices": {"columns": ["distance"], "minimum_rows": 1}},
            "expected at most 100 slices before the merge",
        ),
    ],
)
def test_a_policy_that_cannot_be_applied_is_a_reason_and_no_failure(wrong: dict, why: str) -> None:
    verdict, files = judged({**POLICY, **wrong})

    assert (verdict["proposed"]["verdict"], verdict["proposed"]["passed"]) == ("INVALID", False)
    assert why in verdict["proposed"]["reason"]
    assert "would say INVALID, does not pass" in " ".join(Tags(files["report.html"]).text.split())


def test_no_error_of_a_proposed_policy_reaches_the_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(proposed_policy, "judge", broken)

    verdict, _ = judged(POLICY)

    assert verdict["proposed"]["reason"] == "It cannot be applied to these rows: MemoryError."


def test_without_another_policy_nothing_is_shown() -> None:
    verdict, files = judged({})

    assert "proposed" not in verdict
    assert not any("fter the merge" in each for each in files.values())


def test_windows_are_named_as_they_would_be() -> None:
    windows = {"name": "windows.evaluation_days", "old": "49", "new": "60"}
    changes = {**CHANGES, "settings": [windows, *CHANGES["settings"]]}
    later = ["mlops.yaml: windows.evaluation_days", "mlops.yaml: policies"]

    verdict, files = judged({}, changes=changes, counts_after_the_merge=later)

    line = "windows.evaluation_days 49 → 60"
    assert f"Other rows are trained on or evaluated after the merge: `{line}`." in files["report.md"]
    assert f"after the merge: {line}." in Tags(files["report.html"]).text
    assert f"other rows after the merge: {line}" in terminal.render(verdict, color=False)


def test_a_hostile_slice_stays_plain_text() -> None:
    verdict, files = judged({**POLICY, "slices": {"columns": [HOSTILE], "minimum_rows": 1}})

    assert "<script>alert(1)</script>" in Tags(files["report.html"]).text
    assert "<script>" not in files["report.html"] and "<script>" not in files["report.md"]
    assert not re.search(r"::|##\[|\x1b|\r", terminal.render(verdict, color=False))


def test_a_policy_that_cannot_tell_looks_open_and_not_lost() -> None:
    verdict, files = judged({**POLICY, "minimum_clusters": 99})

    assert verdict["proposed"]["verdict"] == "INCONCLUSIVE"
    assert '<p class="open proposed">' in files["report.html"]
