"""Tests of scripts/ci/terminate_runs.py: runs end by their names, and no other's run does."""

from engine.kubeflow import removal


def test_runs_end_by_the_beginning_of_their_names(call, tmp_path, kubeflow):
    version = kubeflow.upload("evaluation")
    names = ("pr-12-abc", "pr-123-abc", "other-pr-12-abc")
    ids = {name: kubeflow.start(version, name, "hang") for name in names}
    for _ in range(2):
        done = call(tmp_path, "terminate_runs", "pr-12", KUBEFLOW_HOST=kubeflow.url)
        assert (done.status, done.error) == (0, "")
    states = {name: kubeflow.client.get_run(run_id).state for name, run_id in ids.items()}
    assert states == {"pr-12-abc": "FAILED", "pr-123-abc": "RUNNING", "other-pr-12-abc": "RUNNING"}


def test_a_run_that_does_not_end_is_reported(call, tmp_path, kubeflow, monkeypatch):
    kubeflow.start(kubeflow.upload("evaluation"), "pr-12-abc", "hang")
    monkeypatch.setattr(removal, "terminate", lambda *_: "asked to end, and still RUNNING after 30 seconds")
    done = call(tmp_path, "terminate_runs", "pr-12-abc", KUBEFLOW_HOST=kubeflow.url)
    assert (done.status, done.error) == (
        3,
        "error: run pr-12-abc: asked to end, and still RUNNING after 30 seconds\n",
    )


def test_every_run_is_not_a_prefix(call, tmp_path):
    assert call(tmp_path, "terminate_runs", "-", KUBEFLOW_HOST="http://127.0.0.1:9").status == 2
