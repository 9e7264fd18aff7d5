"""The report shows every verdict, needs nothing from elsewhere, and obeys no stranger."""

import re
from dataclasses import replace

import jsonschema
import numpy as np
import pytest

from engine.judging.verdict_document import judge, skeleton
from engine.judging.verdict_inputs import VerdictInputs
from engine.reporting import markdown, pictures, terminal
from engine.reporting import verdict_report as report
from engine.tests.questions import (
    LOGIT,
    ORIGIN,
    POLICY,
    SCHEMA,
    probability,
    question,
    truth,
    with_record,
)
from engine.tests.reporting.hostile_words import GOOD, HOSTILE, MOVES, POOR, Tags, hostile, rendered
from engine.wording import text

QUESTIONS = {
    "BETTER": question(GOOD, control=POOR, champion=POOR),
    "IDENTICAL": question(GOOD, control=GOOD, champion=POOR),
    "NON_INFERIOR": question(probability(0.02), control=GOOD, champion=GOOD, margin=0.05),
    "INCONCLUSIVE": question(GOOD, control=POOR, champion=POOR, minimum_clusters=99),
    "WORSE": question(POOR, control=GOOD),
    "NO_CHAMPION": question(GOOD),
    "INVALID": replace(question(GOOD), findings={"findings": [{"message": HOSTILE}], "warnings": []}),
}


@pytest.mark.parametrize("expected", QUESTIONS)
def test_every_verdict_has_its_report(expected):
    inputs = replace(QUESTIONS[expected], history=MOVES)

    verdict, files = rendered(inputs)

    assert verdict["verdict"] == expected
    page = Tags(files["report.html"])
    assert expected in page.text
    assert text.printable(verdict["reason"]) in text.printable(page.text)
    assert files["report.md"].startswith("## ")
    assert len(files["report.md"].encode()) < 64_000
    assert expected in terminal.render(verdict, color=False)


def test_the_page_needs_nothing_from_elsewhere():
    _, files = rendered(replace(QUESTIONS["BETTER"], history=MOVES))

    page = Tags(files["report.html"])
    assert not page.tags & {"script", "img", "link", "iframe", "object", "a", "form", "base", "foreignobject"}
    assert not page.attributes & {"src", "href", "xlink:href", "srcset", "action"}
    assert not re.search(r"url\(|@import|https?:", files["report.html"])
    assert {"svg", "polyline", "circle", "rect"} <= page.tags
    assert page.text.index("Differences") < page.text.index("Slices") < page.text.index("Calibration")
    assert page.text.index("ROC curve") < page.text.index("Drift") < page.text.index("Production")
    assert page.text.index("Production") < page.text.index("Provenance")


def many_slices(words: str):
    """A question with ninety slices, named with `words`."""
    inputs = hostile()
    names = [f"{index % 90}{words}" for index in range(len(ORIGIN))]
    table = inputs.truth.set_column(3, HOSTILE, [names])
    return replace(inputs, truth=table, evaluation=table, policy=inputs.policy | {"minimum_clusters": 2})


def test_a_comment_that_is_too_long_keeps_its_verdict_and_closes_its_block():
    verdict, files = rendered(many_slices(HOSTILE * 9))

    assert markdown.LIMIT - 9000 < len(files["report.md"].encode()) < 64_000
    assert verdict["verdict"] in files["report.md"][:100]
    assert files["report.md"].count("```") % 2 == 0
    assert files["report.md"].endswith("The rest is in report.html.\n")


def test_many_slices_are_cut_to_those_that_failed():
    verdict, _ = judge(many_slices(""))
    slices = verdict["comparisons"][0]["slices"]
    more = len(slices) - markdown.MOST_SLICES
    assert more > 50
    for index, each in enumerate(slices):
        each["passed"] = index != 80

    shown = markdown.report(verdict)

    rows = [line for line in shown.splitlines() if line.startswith(("| ✓ |", "| ✗ |"))]
    assert len(rows) == markdown.MOST_SLICES * len(verdict["comparisons"])
    assert rows[0].startswith("| ✗ |")
    assert f"{more} more slices are in the report" in shown


def test_the_report_shows_acceptance_links_and_judging_files_of_the_run():
    verdict, _ = judge(QUESTIONS["WORSE"])
    context: markdown.RunContext = {
        "accepted": "accepted by bob: the *old* model is gone",
        "but": "checks failed",
        "links": [("report", "https://github.com/you/it/actions/runs/1/artifacts/2")],
        "sha": "ab" * 20,
        "workflows": [".github/workflows/pr.yml"],
        "judges": [f"scripts/{number}.py" for number in range(25)],
        "settings": "mlops.yaml",
    }

    shown = markdown.report(verdict, context)

    assert shown.startswith("## ☑️ WORSE, accepted\n")
    assert r"accepted by bob:​ the \*old\* model is gone" in shown
    assert "[report](<https://github.com/you/it/actions/runs/1/artifacts/2>) · commit `abababababab`" in shown
    assert "GitHub runs this pull request's own `.github/workflows/pr.yml`" in shown
    assert "> Counts after the merge only: `scripts/0.py`, " in shown
    assert "`scripts/19.py` and 5 more, `mlops.yaml` but for the model's data" in shown
    assert shown.count("<details>") == shown.count("</details>") == 2
    assert "<details>" not in markdown.report(verdict)


def test_images_that_changed_are_named_by_their_hash():
    inputs = replace(
        QUESTIONS["BETTER"],
        provenance={
            "control": {
                "train_model": "you/it:train_model-12@sha256:ab",
                "score_model": "you/it:score_model-9",
            },
            "candidate": {
                "train_model": "you/it:train_model-34@sha256:cd",
                "score_model": "you/it:score_model-9",
            },
        },
    )

    shown = rendered(inputs)[1]["report.md"]

    assert "| `train_model` | `train_model-12` | `train_model-34` |" in shown
    assert "| `score_model` |" not in shown


def test_a_number_has_its_own_curves():
    inputs = replace(question(LOGIT + 0.1, control=LOGIT - 1), truth=truth(LOGIT))
    inputs = replace(inputs, policy=POLICY | {"metric": "mae", "guardrails": {}})
    label = {"name": "delay", "type": "number", "mean": 0.0, "median": -1.0}

    _, files = rendered(with_record(inputs, "control", label=label))

    assert "Errors" in files["report.html"]
    assert "ROC curve" not in files["report.html"]


def test_a_verdict_without_a_comparison_has_a_report():
    inputs = VerdictInputs(POLICY, {}, {"title": "Fix a comment", "changed": ["docs", "data"]}, [], {})
    verdict = skeleton(inputs) | {"verdict": "IDENTICAL", "passed": True, "reason": "Nothing has changed."}

    files = report.render(verdict, None, inputs)

    jsonschema.validate(verdict, SCHEMA, jsonschema.Draft202012Validator)
    assert "Nothing has changed." in Tags(files["report.html"]).text
    assert "docs, data" in Tags(files["report.html"]).text
    assert "Nothing has changed." in files["report.md"]
    assert "Nothing has changed." in terminal.render(verdict, color=False)


def test_color_is_only_where_it_is_asked_for():
    verdict, _ = judge(QUESTIONS["WORSE"])

    assert "\033[" in terminal.render(verdict, color=True)
    assert re.sub(r"\033\[[0-9;]*m", "", terminal.render(verdict, color=True)) == terminal.render(
        verdict, False
    )


def test_a_bar_shows_where_the_interval_lies():
    row = {"lower": 0.02, "difference": 0.05, "upper": 0.08}

    assert text.bar(row, -0.02, 0.10, 0.01, 25) == "  ┊ │   ├─────●─────┤    "
    left = {"lower": -0.02, "difference": 0.0, "upper": 0.02}
    assert text.bar(left, -0.02, 0.10, 0.01, 25) == "├─┼─●───┤                "


def test_ticks_are_round_and_within():
    assert pictures.ticks(-0.013, 0.104, 4) == pytest.approx([0.0, 0.05, 0.1])
    assert pictures.ticks(0.0, 1.0) == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1.0])


def test_drift_is_seen_in_the_week_it_happened():
    inputs = QUESTIONS["BETTER"]
    moved = np.where(np.arange(len(LOGIT)) > len(LOGIT) * 0.75, LOGIT + 3, LOGIT)
    evaluation = inputs.truth.set_column(4, "distance", [moved])

    found = report.drift(inputs.training, evaluation)

    drifted = {each["name"]: each["psi"] for each in found["features"]}
    assert len(found["weeks"]) == 4
    assert max(drifted["origin"]) < 0.1
    assert max(drifted["distance"][:3]) < 0.1 < 1 < drifted["distance"][3]
