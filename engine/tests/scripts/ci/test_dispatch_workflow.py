"""Tests of scripts/ci/dispatch_workflow.py."""

from scripts.ci.dispatch_workflow import PERMISSIONS


def test_a_workflow_starts_with_its_inputs_on_the_default_branch(step, github_api):
    github_api.workflows["delivery.yml"] = {"weekly"}
    done = step(
        "dispatch_workflow",
        "delivery.yml",
        "--input",
        "weekly=true",
        **github_api.environment(**PERMISSIONS, contents="read"),
    )
    assert done.status == 0, done.error
    assert github_api.dispatches == [
        {"workflow": "delivery.yml", "ref": "main", "inputs": {"weekly": "true"}}
    ]


def test_a_refusal_says_what_to_grant(step, github_api):
    github_api.workflows["delivery.yml"] = set()
    done = step("dispatch_workflow", "delivery.yml", **github_api.environment(contents="read"))
    assert done.status == 3
    assert "grant the job actions: write" in done.error


def test_an_input_without_a_value_is_refused(step):
    done = step("dispatch_workflow", "delivery.yml", "--input", "weekly")
    assert done.status == 2
    assert "expected NAME=VALUE, found 'weekly'" in done.error
