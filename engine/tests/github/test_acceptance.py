"""Tests of engine/github/acceptance.py: only what our own workflow said about the very commit counts."""

import pytest

from engine.github.acceptance import BOT, CONTEXT, accept, accepted_regression
from engine.github.api import GitHub
from engine.tests.standins.github_api import GitHubApi

SHA, OTHER = "ab" * 20, "cd" * 20


def test_an_accepted_regression_is_read_back(github_api: GitHubApi):
    for sha in (SHA, OTHER):
        github_api.add_commit(sha)
    accept(GitHub(github_api.environment(statuses="write")), SHA, "m" * 39, "r" * 80)
    github_api.add_status(SHA, "gate", "failure", "WORSE")
    reader = GitHub(github_api.environment(statuses="read"))
    assert accepted_regression(reader, SHA) == f"accepted by {'m' * 39}: {'r' * 80}"
    assert accepted_regression(reader, OTHER) is None


@pytest.mark.parametrize(
    ("context", "state", "description", "creator"),
    [
        (CONTEXT, "success", "accepted by ann: because", "ann"),
        (CONTEXT, "failure", "accepted by ann: because", BOT),
        (CONTEXT, "success", "accepted by ann: ", BOT),
        (CONTEXT, "success", "fine", BOT),
        ("gate", "success", "accepted by ann: because", BOT),
    ],
)
def test_a_similar_status_accepts_no_regression(github_api: GitHubApi, context, state, description, creator):
    github_api.add_status(SHA, context, state, description, creator)
    assert accepted_regression(GitHub(github_api.environment(statuses="read")), SHA) is None


def test_the_newest_acceptance_counts(github_api: GitHubApi):
    github_api.add_status(SHA, CONTEXT, "success", "accepted by ann: because", BOT)
    github_api.add_status(SHA, CONTEXT, "failure", "withdrawn", BOT)
    assert accepted_regression(GitHub(github_api.environment(statuses="read")), SHA) is None
