"""Which tokens of GitHub and of the cluster take a role, by the trust policies of infra/aws."""

import pytest

from engine.tests.infra.iam import Context, Document, allows, rendered

GITHUB = "token.actions.githubusercontent.com"
CLUSTER = "oidc.eks.eu-central-1.amazonaws.com/id/ABC"
ENVIRONMENTS = rendered("environments", branch="main")
TAKE = "sts:AssumeRoleWithWebIdentity"


def trust(environment: str) -> Document:
    """The trust policy of the role that an environment's jobs take."""
    return rendered(
        "github-trust",
        provider=f"arn:aws:iam::111122223333:oidc-provider/{GITHUB}",
        owner="acme",
        owner_id=1,
        repository="flights",
        repository_id=2,
        environment=environment,
        refs=ENVIRONMENTS[environment]["refs"],
    )


def claims(name: str, **changed: str) -> Context:
    """What STS sees of the token of a job on main that names the environment."""
    made = {
        "aud": "sts.amazonaws.com",
        "sub": f"repo:acme@1/flights@2:environment:{name}",
        "repository_id": "2",
        "environment": name,
        "ref": "refs/heads/main",
    } | changed
    return {f"{GITHUB}:{claim}": value for claim, value in made.items() if value}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("repository", ["acme/flights", "acme@1/flights@2"])
def test_a_job_of_the_environment_takes_its_role(environment: str, repository: str) -> None:
    token = claims(environment, sub=f"repo:{repository}:environment:{environment}")
    assert allows(trust(environment), TAKE, context=token)


@pytest.mark.parametrize("ref", ["refs/pull/7/merge", "refs/heads/gh-readonly-queue/main/pr-7-0123"])
def test_a_pull_request_and_the_merge_queue_take_their_role(ref: str) -> None:
    assert allows(trust("pull-request"), TAKE, context=claims("pull-request", ref=ref))


FORGED = {
    "another repository": {"sub": "repo:acme/other:environment:production", "repository_id": "3"},
    "another repository, by the new sub": {
        "sub": "repo:acme@1/other@3:environment:production",
        "repository_id": "3",
    },
    "a fork": {"sub": "repo:mallory@9/flights@8:environment:production", "repository_id": "8"},
    "a repository that took the name": {
        "sub": "repo:acme/flights:environment:production",
        "repository_id": "8",
    },
    "an owner that took the name": {
        "sub": "repo:acme@9/flights@8:environment:production",
        "repository_id": "8",
    },
    "a pull request without an environment": {"sub": "repo:acme@1/flights@2:pull_request", "environment": ""},
    "a branch without an environment": {
        "sub": "repo:acme@1/flights@2:ref:refs/heads/main",
        "environment": "",
    },
    "a pull request that names the environment": {"ref": "refs/pull/7/merge"},
    "another branch": {"ref": "refs/heads/feature"},
    "a branch that begins like main": {"ref": "refs/heads/main-2"},
    "a tag": {"ref": "refs/tags/main"},
    "another environment": {
        "sub": "repo:acme@1/flights@2:environment:pull-request",
        "environment": "pull-request",
    },
    "another audience": {"aud": "https://github.com/acme"},
    "a token without a ref": {"ref": ""},
    "a token without a repository": {"repository_id": ""},
}


@pytest.mark.parametrize("environment", ["staging", "production", "schedules"])
@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED)
def test_no_other_token_takes_a_role_that_writes(environment: str, forged: dict[str, str]) -> None:
    changed = {claim: value.replace("production", environment) for claim, value in forged.items()}
    assert not allows(trust(environment), TAKE, context=claims(environment, **changed))


@pytest.mark.parametrize("name", [name for name in FORGED if FORGED[name].get("repository_id")])
def test_no_other_repository_takes_the_role_of_pull_requests(name: str) -> None:
    sub = FORGED[name]["sub"].replace("production", "pull-request")
    token = claims("pull-request", sub=sub, repository_id=FORGED[name]["repository_id"])
    assert not allows(trust("pull-request"), TAKE, context=token)


def account(name: str, namespace: str = "mlops-production", audience: str = "sts.amazonaws.com") -> Context:
    return {f"{CLUSTER}:aud": audience, f"{CLUSTER}:sub": f"system:serviceaccount:{namespace}:{name}"}


def test_only_pods_of_the_service_account_take_its_role() -> None:
    policy = rendered(
        "account-trust",
        provider=f"arn:aws:iam::111122223333:oidc-provider/{CLUSTER}",
        issuer=CLUSTER,
        namespace="mlops-production",
        service_account="default-editor",
    )
    assert allows(policy, TAKE, context=account("default-editor"))
    assert not allows(policy, TAKE, context=account("default-viewer"))
    assert not allows(policy, TAKE, context=account("default-editor", "mlops-pull-request"))
    assert not allows(policy, TAKE, context=account("default-editor", audience="pipelines.kubeflow.org"))
    assert not allows(policy, TAKE, context=claims("production"))
