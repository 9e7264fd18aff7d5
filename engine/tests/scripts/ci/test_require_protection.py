"""Tests of scripts/ci/require_protection.py: production fails closed."""

import pytest

from scripts.ci.require_protection import PERMISSIONS

REVIEWERS = {"type": "required_reviewers", "reviewers": [{"type": "User", "reviewer": {"login": "ada"}}]}
BRANCHES = {"protected_branches": False, "custom_branch_policies": True}


@pytest.mark.parametrize(
    ("environment", "status"),
    [
        (None, 1),
        ({}, 1),
        ({"protection_rules": [{"type": "wait_timer", "wait_timer": 30}]}, 1),
        ({"protection_rules": [REVIEWERS | {"reviewers": []}]}, 1),
        ({"protection_rules": [REVIEWERS]}, 0),
        ({"deployment_branch_policy": BRANCHES}, 0),
    ],
)
def test_only_what_github_shows_as_protected_is(call, tmp_path, github_api, environment, status):
    if environment is not None:
        github_api.environments["production"] = environment
    granted = github_api.environment(**PERMISSIONS)
    done = call(tmp_path, "require_protection", "production", **granted, ACCEPT_UNPROTECTED="")
    assert done.status == status
    assert status == 0 or "Settings > Environments > production" in done.error


def test_a_setting_accepts_missing_protection(call, tmp_path, github_api):
    granted = github_api.environment(**PERMISSIONS)
    for accepted, status in (("staging, production", 0), ("staging", 1)):
        done = call(tmp_path, "require_protection", "production", **granted, ACCEPT_UNPROTECTED=accepted)
        assert (done.status, done.printed.startswith("::warning::")) == (status, status == 0)


def test_an_answer_that_cannot_be_had_is_no_protection(call, tmp_path, github_api):
    done = call(tmp_path, "require_protection", "production", **github_api.environment())
    assert (done.status, "grant the job actions: read" in done.error) == (3, True)
