"""Tests of scripts/ci/switch_workflow.py."""

from scripts.ci.switch_workflow import PERMISSIONS


def test_a_workflow_is_switched_only_if_its_state_differs(step, github_api):
    github_api.workflows["leftovers.yml"] = set()
    for enabled, printed in (
        ("true", "leftovers.yml is already enabled"),
        ("false", "leftovers.yml is disabled"),
        ("false", "leftovers.yml is already disabled"),
        ("true", "leftovers.yml is enabled"),
    ):
        granted = github_api.environment(**PERMISSIONS)
        done = step("switch_workflow", "leftovers.yml", "--enabled", enabled, **granted)
        assert (done.status, done.printed) == (0, f"{printed}\n"), done.error
        assert github_api.disabled == (set() if enabled == "true" else {"leftovers.yml"})
    assert len(github_api.called("PUT")) == 2


def test_a_disabled_workflow_cannot_be_dispatched(step, github_api):
    github_api.workflows["gates.yml"] = set()
    github_api.disabled = {"gates.yml"}
    done = step("dispatch_workflow", "gates.yml", **github_api.environment(**PERMISSIONS))
    assert done.status == 3
    assert "422 Cannot trigger a 'workflow_dispatch' on a disabled workflow" in done.error


def test_a_refusal_says_what_to_grant(step, github_api):
    github_api.workflows["gates.yml"] = set()
    granted = github_api.environment(actions="read")
    done = step("switch_workflow", "gates.yml", "--enabled", "false", **granted)
    assert done.status == 3
    assert "grant the job actions: write" in done.error


def test_a_workflow_that_is_not_there_is_reported(step, github_api):
    granted = github_api.environment(**PERMISSIONS)
    done = step("switch_workflow", "gate.yml", "--enabled", "true", **granted)
    assert done.status == 3
    assert "404 Not Found" in done.error
