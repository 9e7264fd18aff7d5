"""What the code reads of GitHub's answers about pull requests and runs; they have more keys than these."""

from typing import TypedDict


class Account(TypedDict):
    login: str


class Repository(TypedDict):
    full_name: str
    owner: Account


class Head(TypedDict):
    """`repo` is null if the fork was deleted."""

    sha: str
    repo: Repository | None


class PullRequest(TypedDict):
    number: int
    state: str
    user: Account | None
    head: Head


class NamedPullRequest(TypedDict):
    """A pull request as a run names it."""

    number: int


class WorkflowRun(TypedDict):
    """A run; for a fork's pull request `pull_requests` is empty or null."""

    id: int
    run_number: int
    path: str
    event: str
    status: str
    conclusion: str | None
    head_sha: str
    head_branch: str
    head_repository: Repository | None
    html_url: str
    actor: Account | None
    pull_requests: list[NamedPullRequest] | None
