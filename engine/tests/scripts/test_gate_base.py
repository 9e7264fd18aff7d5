"""A change is judged by its base: which of its settings, rows and judges count only after the merge."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from engine.command_line import SettingsError
from engine.gate.change import Change
from engine.gate.checkouts import read_candidate
from engine.gate.model_code import BORN_FROM, ModelCode
from engine.settings.data_schema import Table
from engine.settings.tasks_schema import Resources, Store
from engine.sources import File, WorkTree, head_of
from engine.tests.demo_files import put_back

ROOT = Path(__file__).parents[3]


def with_settings(code: ModelCode, **sections: dict) -> ModelCode:
    changed = {
        name: getattr(code.settings, name).model_copy(update=update) for name, update in sections.items()
    }
    return ModelCode(code.settings.model_copy(update=changed), code.images, code.source)


def test_evaluation_window_is_that_of_the_base(change: Change) -> None:
    easier = with_settings(change.control, windows={"evaluation_days": 1, "training_days": 30})
    asked = json.loads(Change(easier, change.control, "base").data_settings())
    base = json.loads(change.control.data_settings())
    assert asked["windows"] == base["windows"] | {"training_days": 30}


def test_forks_pull_request_gets_no_outcomes_of_evaluation_rows(
    change: Change, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rolls = by_the_base(change.candidate, with_settings(change.control, windows={"history": "rolling"}))
    assert json.loads(rolls.data_settings())["windows"]["history"] == "rolling"
    assert rolls.provenance()["history"].startswith("rolling: features get the outcomes")
    event = tmp_path / "event.json"
    event.write_text('{"pull_request": {"head": {"repo": null}}}')
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(event))
    assert json.loads(rolls.data_settings())["windows"]["history"] == "window-start"
    assert rolls.provenance()["history"].startswith("window-start: mlops.yaml says rolling")
    assert "history" not in by_the_base(change.candidate, change.control).provenance()


def test_a_change_of_policy_counts_after_the_merge(change: Change) -> None:
    lenient = with_settings(change.control, policies={"margin": 0.9}, training={"seed": 7})
    changed = Change(lenient, change.control, "base")
    assert changed.policy() == change.control.settings.policy("update")
    assert "mlops.yaml: policies" in changed.parts()


def test_a_change_is_not_judged_by_the_judges_it_brings(change: Change) -> None:
    bribed = change.control.images | {"compare_models": change.control.images["load_data"]}
    candidate = ModelCode(change.control.settings, bribed, change.control.source)
    assert Change(candidate, change.control, "base").images() == change.control.images


@pytest.mark.parametrize("path", ["components/compare_models/component.py", "engine/kubeflow/interface.py"])
def test_a_judge_that_is_called_otherwise_comes_with_its_caller(
    change: Change, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = change.control.images | {"compare_models": change.control.images["load_data"]}
    edited = WorkTree(ROOT)
    read = edited.read
    changed = {path: File(b"# another interface", False)}
    monkeypatch.setattr(edited, "read", lambda paths: read(paths) | changed if path in paths else read(paths))
    candidate = ModelCode(change.control.settings, own, edited)
    images = Change(candidate, change.control, "base").images()
    assert images["compare_models"] == own["load_data"]


def by_the_base(candidate: ModelCode, control: ModelCode) -> Change:
    return Change(candidate, control, "HEAD", by_the_base=True)


def test_a_candidate_reaches_no_more_than_the_base_lets_it(change: Change) -> None:
    reach = {
        "secrets": {"judge": {"TOKEN": "token"}},
        "volumes": {"data": {"path": "/data", "claim": "other"}},
        "node_selector": {"pool": "production"},
        "config_maps": {"proxy": {"HTTPS_PROXY": "url"}},
    }
    greedy = {name: Resources(cpu="9", **reach) for name in BORN_FROM}
    settings = change.control.settings.model_copy(
        update={"resources": greedy, "store": Store(secret={"name": "judges"})}
    )
    asked = by_the_base(ModelCode(settings, change.control.images, change.control.source), change.control)

    tasks = asked.tasks(on_cluster=True)

    assert tasks.resources == {name: Resources(cpu="9") for name in BORN_FROM}
    assert tasks.store is None
    assert "mlops.yaml: store" in asked.counts_after_the_merge()


def test_of_a_candidate_only_what_makes_a_model_is_its_own(change: Change) -> None:
    bribed = dict.fromkeys(change.control.images, change.control.images["load_data"])
    greedy = {name: Resources(memory="9Gi") for name in ("train_model", "compare_models")}
    brought = ModelCode(change.control.settings, bribed, change.control.source)
    brought = ModelCode(brought.settings.model_copy(update={"resources": greedy}), bribed, brought.source)
    asked = by_the_base(brought, change.control)

    assert asked.images() == change.control.images
    assert asked.tasks(on_cluster=True).resources == {"train_model": greedy["train_model"]}
    images = {name: value for name, value in asked.question(None).items() if name.endswith("_image")}
    assert {name for name in images if images[name] == bribed["load_data"].reference} == {
        f"candidate_{name}_image" for name in BORN_FROM
    }
    assert "components/compare_models" in asked.counts_after_the_merge()
    assert "mlops.yaml: resources.compare_models.memory" in asked.counts_after_the_merge()
    assert not {f"components/{name}" for name in BORN_FROM} & {*asked.counts_after_the_merge()}


@pytest.mark.parametrize(
    ("sections", "later"),
    [
        ({"policies": {"margin": 0.9}}, "mlops.yaml: policies"),
        ({"metric": {"floor": 0.1}}, "mlops.yaml: metric"),
        ({"windows": {"evaluation_days": 1}}, "mlops.yaml: windows.evaluation_days"),
        ({"label": {"matures_after_days": 99}}, "mlops.yaml: label.matures_after_days"),
        ({"data": {"as_of": "today"}}, "mlops.yaml: data.as_of"),
        ({"windows": {"training_days": 30}}, "mlops.yaml: windows.training_days"),
        ({"training": {"seed": 9}}, None),
    ],
)
def test_settings_that_judge_count_after_the_merge(change: Change, sections: dict, later: str | None) -> None:
    changed = by_the_base(with_settings(change.control, **sections), change.control)
    assert changed.counts_after_the_merge() == ([later] if later else [])
    assert changed.question(None)["as_of"] == str(change.control.settings.as_of())


def test_secrets_of_a_task_count_after_the_merge(change: Change) -> None:
    def later(**more: Any) -> list[str]:
        resources = {"train_model": Resources(cpu="2", memory="4Gi", **more)}
        settings = change.control.settings.model_copy(update={"resources": resources})
        candidate = ModelCode(settings, change.control.images, change.control.source)
        return by_the_base(candidate, change.control).counts_after_the_merge()

    assert later(accelerator={"type": "nvidia.com/gpu"}) == []
    assert later(secrets={"a": {"B": "b"}}) == ["mlops.yaml: resources.train_model.secrets"]


def test_another_name_of_the_model_does_not_lose_its_champion(change: Change) -> None:
    renamed = change.control.settings.model_copy(update={"model": "another"})
    candidate = ModelCode(renamed, change.control.images, change.control.source)
    changed = by_the_base(candidate, change.control)
    assert changed.question(None)["model"] == change.control.settings.model
    assert changed.counts_after_the_merge() == ["mlops.yaml: model"]


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory, change: Change) -> Path:
    """This project's components and the demo's settings at a commit, with a worktree of it in candidate/."""
    root = tmp_path_factory.mktemp("judged") / "project"
    wanted = [
        path
        for path in change.control.source.paths
        if path.startswith(("components/", "engine/", "mlops.yaml"))
    ]
    for path, file in change.control.source.read(wanted).items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(file.content)
    put_back(root)
    git(root, "init", "--quiet", "--initial-branch", "main")
    commit(root)
    git(root, "worktree", "add", "--quiet", "-b", "change", "candidate")
    return root


def git(root: Path, *words: str) -> str:
    person = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false")
    return subprocess.run(
        ["git", *person, *words], cwd=root, check=True, capture_output=True, text=True
    ).stdout


def commit(root: Path) -> str:
    git(root, "add", "--all", "--", ":!candidate")
    git(root, "commit", "--quiet", "--allow-empty", "--message", "A step")
    return git(root, "rev-parse", "HEAD").strip()


def test_rows_of_a_pull_request_are_the_bases_also_where_it_names_other_tables(repository: Path) -> None:
    candidate = repository / "candidate"
    same = read_candidate(repository, candidate)
    assert not same.changes_model, "the same code elsewhere is the same model"
    uris = [each["uri"] for each in json.loads(same.data_settings())["tables"].values()]
    assert all(uri.startswith((repository / "demo").as_uri()) for uri in uris)
    assert "counts_after_the_merge" not in same.provenance()

    tables = same.candidate.settings.data.tables | {"more": Table(uri="demo/more.parquet", time="at")}
    changed = by_the_base(with_settings(same.candidate, data={"tables": tables}), same.control)
    uris = [each["uri"] for each in json.loads(changed.data_settings())["tables"].values()]
    assert len(uris) == 2 and all(uri.startswith((repository / "demo").as_uri()) for uri in uris)
    assert changed.provenance()["tables"] == "the base's"
    assert "mlops.yaml: data.tables" in changed.provenance()["counts_after_the_merge"]
    assert changed.provenance()["redefines"] == ["mlops.yaml: data.tables"]
    assert "redefines" not in same.provenance()
    here = Change(changed.candidate, changed.control, "HEAD")
    assert "redefines" not in here.provenance(), "the tables of this checkout are compared on"
    waits = by_the_base(with_settings(same.candidate, features={"lead": "3h"}), same.control)
    assert waits.provenance()["redefines"] == ["mlops.yaml: data.tables"]
    assert "mlops.yaml: features.lead" in waits.counts_after_the_merge()
    assert json.loads(waits.data_settings())["lead_hours"] == 2


def test_changed_judging_files_count_after_the_merge(repository: Path) -> None:
    files = [
        "pipelines/evaluation.py",
        "scripts/one\nmore",
        "scripts/\udcff",
        ".github/workflows/pr.yml",
        "CODEOWNERS",
        "demo/flights/flights/x.parquet",
    ]
    for name in files:
        path = repository / "candidate" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("changed")
    git(repository / "candidate", "add", "--all")
    later = read_candidate(repository, repository / "candidate").counts_after_the_merge()
    git(repository / "candidate", "rm", "--quiet", "--force", *files)
    assert later == [
        "demo/flights/flights",
        ".github/workflows/pr.yml",
        "CODEOWNERS",
        "pipelines/evaluation.py",
        "scripts/one\nmore",
        "scripts/?",
    ]


def test_today_is_the_day_of_the_commit_so_that_a_run_is_found_again(repository: Path) -> None:
    same = read_candidate(repository, repository / "candidate")
    base = with_settings(same.control, data={"as_of": "today"})
    day = git(
        repository, "show", "--no-patch", "--format=%cd", "--date=format-local:%Y-%m-%d", "HEAD"
    ).strip()
    assert str(by_the_base(same.candidate, base).as_of()) == day


def test_head_of_a_merge_with_the_base_is_what_was_pushed(repository: Path) -> None:
    candidate = repository / "candidate"
    base = git(repository, "rev-parse", "HEAD").strip()
    git(candidate, "checkout", "--quiet", "-b", "pushed")
    head = commit(candidate)
    assert head_of(candidate, base) == head
    git(candidate, "checkout", "--quiet", "--detach", base)
    git(candidate, "merge", "--quiet", "--no-ff", "--message", "Merge", head)
    assert head_of(candidate, base) == head
    assert head_of(candidate, head) == git(candidate, "rev-parse", "HEAD").strip()


def test_settings_that_the_base_does_not_know_are_reported(repository: Path) -> None:
    path = repository / "candidate/mlops.yaml"
    before = path.read_text()
    path.write_text(f"{before}brand_new: true\n")
    git(path.parent, "add", "mlops.yaml")
    try:
        with pytest.raises(SettingsError, match=r"candidate: mlops.yaml:.*brand_new.*in a later step"):
            read_candidate(repository, path.parent)
    finally:
        path.write_text(before)
        git(path.parent, "add", "mlops.yaml")
