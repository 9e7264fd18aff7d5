"""What a change replaces is shown wherever its verdict is, and a stranger's words stay words there."""

import json
import re

import jsonschema
import pytest

from engine.documents.changes import Changes
from engine.judging.verdict_document import judge
from engine.reporting import markdown, terminal
from engine.reporting import verdict_report as report
from engine.tests.questions import SCHEMA, answer, probability, question
from engine.tests.reporting.test_report import HOSTILE, Tags

SHA = "c0" * 20
PAGE = f"https://github.com/you/flights/commit/{SHA}"
CHANGES: Changes = {
    "base": {"sha": "ba" * 20, "subject": "Begin", "author": "Ada", "time": "2013-09-01T06:00:00Z"},
    "candidate": {
        "sha": SHA,
        "subject": "Add weather",
        "author": "Eve",
        "time": "2013-09-02T06:00:00Z",
        "url": PAGE,
    },
    "settings": [
        {"name": "training.seed", "old": "1", "new": "2"},
        {"name": "training.parameters.max_depth", "old": None, "new": "7"},
    ],
    "features_added": ["humidity"],
    "features_removed": ["weekday"],
    "libraries": [
        {"name": "scikit-learn", "old": "1.7.2", "new": "1.8.0", "components": ["score_model", "train_model"]}
    ],
    "omitted": 0,
}


def asked_about(changes: Changes):
    inputs = question(probability(), control=probability(noise=4.0))
    inputs.provenance["changes"] = changes
    return inputs


def rendered(changes: Changes) -> tuple[dict, dict[str, str]]:
    inputs = asked_about(changes)
    verdict, rows = judge(inputs)
    return verdict, report.render(verdict, rows, inputs)


def hostile() -> Changes:
    words = {"name": HOSTILE, "old": HOSTILE, "new": HOSTILE}
    commit = {"sha": HOSTILE, "subject": HOSTILE, "author": HOSTILE, "time": HOSTILE}
    return {
        "base": commit,
        "candidate": commit,
        "settings": [words],
        "features_added": [HOSTILE],
        "features_removed": [HOSTILE],
        "libraries": [{**words, "components": [HOSTILE]}],
        "omitted": 3,
    }


def test_every_report_has_old_and_new_values() -> None:
    verdict, files = rendered(CHANGES)

    lines = terminal.render(verdict, color=False).splitlines()
    assert "feature added: humidity" in lines
    assert "setting training.parameters.max_depth: none → 7" in lines
    assert "library scikit-learn (score_model, train_model): 1.7.2 → 1.8.0" in lines
    assert "| setting | `training.seed` | `1` | `2` |" in files["report.md"]
    assert "| feature removed | `weekday` | `-` | `-` |" in files["report.md"]
    page = Tags(files["report.html"])
    assert page.text.index("What changed") < page.text.index("Differences")
    assert all(
        each in page.text for each in ("training.seed", "humidity", "scikit-learn (score_model, train_model)")
    )
    assert not re.search(r"changes\.|humidity", page.text[page.text.index("Provenance") :])


def test_commits_are_links_to_their_pages_with_author_and_time() -> None:
    _, files = rendered(CHANGES)

    assert re.findall(r'href="([^"]*)"', files["report.html"]) == [PAGE]
    assert "Add weather (Eve, 2013-09-02T06:00:00Z)" in files["report.html"]
    assert f"Change [{SHA[:12]}](<{PAGE}>) Add weather (Eve, 2013-09-02)\n" in files["report.md"]
    assert "Base `babababababa` Begin (Ada, 2013-09-01)\n" in files["report.md"]


def test_each_model_has_its_training_rows_and_window() -> None:
    verdict, files = rendered(CHANGES)

    expected = verdict["models"]["candidate"]["training_rows"]
    assert expected == asked_about(CHANGES).models["candidate"].record["rows"]
    for document in files["report.md"], Tags(files["report.html"]).text:
        assert "2013-01-01 to 2013-08-01" in document
    assert f"| 2013-01-01 to 2013-08-01 | {expected:,} |" in files["report.md"]


def test_many_changes_are_cut_and_counted() -> None:
    many = {**CHANGES, "settings": [{"name": f"a.b{n}", "old": "1", "new": "2"} for n in range(40)]}

    verdict, files = rendered({**many, "omitted": 5})

    shown = terminal.render(verdict, color=False)
    assert shown.count("→") == 10 and "36 more are in the report" in shown
    assert files["report.md"].count("| setting |") == markdown.MOST_NAMES - 2
    assert "28 more are not shown here" in files["report.md"]
    assert files["report.html"].count("<td>setting</td>") == 40
    assert "5 more have no room here" in files["report.html"]


def test_hostile_texts_stay_plain_text() -> None:
    verdict, files = rendered(hostile())

    page, usual = Tags(files["report.html"]), Tags(rendered(CHANGES)[1]["report.html"])
    assert page.tags <= usual.tags and page.attributes <= usual.attributes
    assert "<script>alert(1)</script>" in page.text
    outside = re.sub(
        r"```text\n.*?\n```|`[^`\n]*`|\*\*|\|[-:| ]+\|\n|&nbsp;", "", files["report.md"], flags=re.DOTALL
    )
    assert "alert" in outside
    assert not re.search(r"<|(?<!\\)[\[\]*_`~]|@\w|#\d|GH-\d|www\.|://", outside)
    assert not re.search(r"::|##\[|\x1b|\r", terminal.render(verdict, color=False))


@pytest.mark.parametrize("url", ["javascript:alert(1)", f"{PAGE}?x", f"https://evil.com/{SHA}"])
def test_a_verdict_with_another_link_is_refused(url: str) -> None:
    verdict = answer(asked_about(CHANGES))
    wrong = json.loads(json.dumps(verdict).replace(PAGE, url))

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, SCHEMA, jsonschema.Draft202012Validator)
