"""Tests of scripts/ci/collect_versions.py: old versions of ours go, but none that something still uses."""

import pytest

from engine.kubeflow import kfp_lists


@pytest.fixture
def project(tmp_path):
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "pipelines/training.py").touch()
    return tmp_path


def test_old_versions_go_but_those_in_use(call, project, kubeflow, monkeypatch):
    monkeypatch.setattr(kfp_lists, "PAGE", 2)
    names = [f"{number:012x}-{number:012x}" for number in range(8)]
    versions = [kubeflow.upload("training", name, content=name) for name in names]
    by_hand = kubeflow.upload("training", "by hand", content="by hand")
    others = [kubeflow.upload("pr-12-training", content=name) for name in names[:3]]
    kubeflow.start(versions[0], "a run", "hang")
    kubeflow.start(versions[1], "ended")
    kubeflow.client.create_recurring_run(
        kubeflow.client.get_experiment(experiment_name="training").experiment_id,
        "pinned",
        cron_expression="0 0 0 1 1 *",
        pipeline_id=versions[2].pipeline_id,
        version_id=versions[2].version_id,
        enabled=False,
    )
    arguments = ("collect_versions", "--keep", "3")
    dry = call(project, *arguments, "--dry-run", KUBEFLOW_HOST=kubeflow.url)
    assert dry.printed == "".join(f"- training {names[i]}: would be deleted\n" for i in (4, 3, 1))
    assert len(kubeflow.versions(by_hand.pipeline_id)) == 9
    for count in (3, 0):
        done = call(project, *arguments, KUBEFLOW_HOST=kubeflow.url)
        assert (done.status, done.summary.count(": deleted\n")) == (0, count)
        kept = ["by hand", names[7], names[6], names[5], names[2], names[0]]
        assert kubeflow.versions(by_hand.pipeline_id) == kept
    assert len(kubeflow.versions(others[0].pipeline_id)) == 3


def test_the_newest_is_never_collected(call, project):
    assert call(project, "collect_versions", "--keep", "0").status == 2
