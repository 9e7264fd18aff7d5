"""A change is listed as old and new values: settings, features, locked libraries, commits."""

import pytest

from engine.gate import replaced_values
from engine.gate.checkouts import read_change
from engine.tests.project import Project

LOCKS = [f"components/{name}/requirements.txt" for name in ("train_model", "score_model")]
WEEKDAY = "    weekday: {type: category, known: before_departure}\n"


def changes_of(project: Project) -> dict:
    return read_change(project.root, "HEAD").provenance()["changes"]


def test_settings_are_listed_by_their_path_with_both_values(project: Project) -> None:
    project.edit(
        "mlops.yaml", ("max_iter: 100, ", ""), ("  seed: 1", "  seed: 2"), ("max: 6000", "max: 9000")
    )

    changes = changes_of(project)

    assert changes["settings"] == [
        {"name": "features.columns.distance.max", "old": "6000.0", "new": "9000.0"},
        {"name": "training.parameters.max_iter", "old": "100", "new": None},
        {"name": "training.seed", "old": "1", "new": "2"},
    ]
    assert (changes["features_added"], changes["features_removed"], changes["omitted"]) == ([], [], 0)


def test_features_are_listed_by_name_and_not_by_their_settings(project: Project) -> None:
    project.edit("mlops.yaml", (WEEKDAY, WEEKDAY.replace("weekday", "holiday")))

    changes = changes_of(project)

    assert (changes["features_added"], changes["features_removed"]) == (["holiday"], ["weekday"])
    assert changes["settings"] == []


def test_a_library_is_listed_once_with_the_components_that_lock_it(project: Project) -> None:
    for lock in LOCKS:
        project.edit(lock, ("joblib==", "joblib==0.1+"), ("narwhals==", "# narwhals=="))

    joblib, narwhals = changes_of(project)["libraries"]

    assert joblib["name"] == "joblib"
    assert joblib["new"] == f"0.1+{joblib['old']}"
    assert joblib["components"] == ["score_model", "train_model"]
    assert (narwhals["name"], narwhals["new"]) == ("narwhals", None)


def test_commits_have_author_and_time_and_a_page_on_github(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.git("branch", "base")
    project.edit("mlops.yaml", ("  seed: 1", "  seed: 2"))
    assert "candidate" not in read_change(project.root, "base").provenance()["changes"]
    project.commit()
    head = project.git("rev-parse", "HEAD")

    commit = read_change(project.root, "base").provenance()["changes"]["candidate"]

    assert (commit["sha"], commit["subject"], commit["author"]) == (head, "A step", "Ada")
    assert commit["time"].endswith("Z")
    assert "url" not in commit
    github = {"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "you/flights"}
    page = replaced_values.read_commit(project.root, head, github)["url"]
    assert page == f"https://github.com/you/flights/commit/{head}"


def test_long_texts_and_lists_are_cut_and_counted(project: Project) -> None:
    many = "".join(WEEKDAY.replace("weekday", f"more_{number}") for number in range(60))
    project.edit("mlops.yaml", (WEEKDAY, many), ("max_iter: 100", f"max_iter: {'9' * 500}"))

    changes = changes_of(project)

    assert len(changes["features_added"]) == replaced_values.MOST_ENTRIES
    assert changes["omitted"] == 10
    assert len(changes["settings"][0]["new"]) == replaced_values.LONGEST_TEXT + 1
