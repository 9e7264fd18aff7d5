"""A pull request is judged by the checkout of its base: whatever it changes, it judges nothing of itself."""

import json
from dataclasses import replace
from pathlib import Path

from engine.gate import model_code
from engine.gate.checkouts import read_candidate
from engine.gate.model_code import BORN_FROM
from engine.images.images import stage_all
from engine.sources import GitTree
from engine.tests.gate.test_verdicts import FEATURES
from engine.tests.project import Project
from engine.tests.standins.github_api import GitHubApi


def candidate_of(project: Project) -> Project:
    project.git("worktree", "add", "--quiet", "-b", "change", "candidate")
    return Project(project.root / "candidate")


def merged(project: Project, candidate: Project) -> str:
    """Check out the merge with the base, as a pull request's runner does; the head that was merged."""
    candidate.commit()
    head = candidate.git("rev-parse", "HEAD")
    candidate.git("checkout", "--quiet", "--detach", project.git("rev-parse", "HEAD"))
    candidate.git("merge", "--quiet", "--no-ff", "--message", "Merge", head)
    return head


def test_a_change_that_bribes_its_judges_loses_until_it_is_accepted(
    project: Project, github_api: GitHubApi
) -> None:
    candidate = candidate_of(project)
    candidate.edit(
        "mlops.yaml",
        ("max_iter: 100, learning_rate: 0.1", "max_iter: 1, learning_rate: 0.1, max_depth: 1"),
        ("margin: 0.005 ", "margin: 0.9   "),
        ("floor: 0.6 ", "floor: 0.1 "),
    )
    (candidate.root / "engine/judging/decision.py").write_text("raise SystemExit('bribed')\n")
    (candidate.root / "components/enforce_verdict/main.py").write_text("print('all is well')\n")
    (candidate.root / "components/metrics.py").write_text("raise SystemExit('bribed')\n")
    (candidate.root / "pipelines/evaluation.py").write_text("raise SystemExit('bribed')\n")
    (candidate.root / "scripts/gate.py").write_text("print('all is well')\n")
    head = merged(project, candidate)
    github_api.add_status(head, "accept-regression", "success", "accepted by ann: a new law asks for it")

    status, verdict = project.gate(
        "--candidate", "candidate", "--pull-request", "12", **github_api.environment(statuses="read")
    )

    assert (status, verdict["passed"]) == (0, False)
    assert verdict["accepted"] == "accepted by ann: a new law asks for it"
    assert verdict["policy"]["margin"] == 0.005
    assert {*verdict["provenance"]["counts_after_the_merge"]} >= {
        "mlops.yaml: metric",
        "mlops.yaml: policies",
        "components/compare_models",
        "components/enforce_verdict",
        "components/metrics.py",
        "pipelines/evaluation.py",
        "scripts/gate.py",
    }
    assert verdict["models"]["candidate"]["value"] < verdict["models"]["control"]["value"]
    report = (project.root / "build/gate/report.html").read_text()
    assert "accepted by ann" in report and "does not pass" in report


def test_no_job_of_github_runs_a_change_beside_its_judge(project: Project) -> None:
    candidate = candidate_of(project)
    candidate.edit("mlops.yaml", ("max_iter: 100", "max_iter: 90"))
    merged(project, candidate)

    done = project.run("gate", "--candidate", "candidate", GITHUB_ACTIONS="true")

    assert done.returncode == 2
    assert "--handover: expected what the job candidate made, found a change to run here" in done.stderr
    assert not project.runs()


def test_a_change_cannot_name_a_metric_that_it_adds(project: Project, github_api: GitHubApi) -> None:
    candidate = candidate_of(project)
    candidate.edit("mlops.yaml", ("name: roc_auc ", "name: is_right"))
    (candidate.root / "components/metrics.py").write_text(
        "from engine.metrics.metric import row_mean\n\n\n"
        "def is_right(label, prediction):\n    return (prediction > 0.5) == label\n\n\n"
        'METRICS = [row_mean(is_right, "higher is better", ["binary"])]\n'
    )
    merged(project, candidate)

    ended = project.run(
        "gate", "--candidate", "candidate", "--pull-request", "12", **github_api.environment(statuses="read")
    )

    assert ended.returncode == 2
    assert "metric.name: expected a metric of a binary label, found 'is_right'" in ended.stderr


def published(project: Project, checkout: Path, salt: str) -> Path:
    """What record_images writes of `checkout`, as if its images had been pushed."""
    images = stage_all(GitTree(checkout, "HEAD"), root=project.root)
    place, digest = "docker.io/you/flights", f"sha256:{'1' * 64}"
    file = project.root / f"build/{checkout.name}.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text(
        json.dumps({name: f"{place}:{image.tag}{salt}@{digest}" for name, image in images.items()})
    )
    return file


def test_a_change_of_tables_brings_features_in_images_that_were_pushed_and_waits_for_a_person(
    project: Project,
) -> None:
    candidate = candidate_of(project)
    candidate.edit(FEATURES, ('"carrier": flights["carrier"]', '"carrier": flights["carrier"].copy()'))
    candidate.edit("mlops.yaml", ("demo/flights/weather", "demo/moved"))
    candidate.git("mv", "demo/flights/weather", "demo/moved")
    merged(project, candidate)
    ours, theirs = published(project, project.root, ""), published(project, candidate.root, "-pr12")

    status, verdict = project.gate(
        "--candidate", "candidate", "--images", str(ours), "--candidate-images", str(theirs)
    )

    assert (status, verdict["verdict"]) == (1, "IDENTICAL")
    assert verdict["provenance"]["redefines"] == ["mlops.yaml: data.tables"]
    assert verdict["provenance"]["tables"] == "the base's"
    assert "mlops.yaml: data.tables" in verdict["provenance"]["counts_after_the_merge"]
    images = verdict["provenance"]["candidate"]
    assert images == {name: json.loads(theirs.read_text())[name] for name in BORN_FROM}
    assert images["build_features"] != json.loads(ours.read_text())["build_features"]


def test_the_same_code_is_the_same_model_wherever_its_images_lie(project: Project) -> None:
    candidate = candidate_of(project)
    candidate.edit("mlops.yaml", ("margin: 0.005 ", "margin: 0.25  "))
    merged(project, candidate)
    control, theirs = (
        model_code.read(GitTree(project.root, "HEAD")),
        read_candidate(project.root, candidate.root),
    )
    pushed = model_code.published(control, published(project, project.root, ""), control.images)

    change = replace(theirs, control=pushed)

    assert not change.changes_model
    asked = change.question(None)
    for name, reference in pushed.references().items():
        assert asked[f"candidate_{name}_image"] == asked[f"control_{name}_image"] == reference
