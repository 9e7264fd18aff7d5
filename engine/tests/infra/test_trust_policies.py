"""Which tokens of GitHub and of the cluster take a role, by the trust policies of infra/aws."""

import pytest

from engine.tests.infra.iam import Context, allows, rendered
from engine.tests.infra.tokens import ENVIRONMENTS, FORGED, TAKE, WRITING, claims, forged, trust

CLUSTER = "oidc.eks.eu-central-1.amazonaws.com/id/ABC"


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("repository", ["acme/flights", "acme@1/flights@2"])
def test_a_job_of_the_environment_takes_its_role(environment: str, repository: str) -> None:
    token = claims(environment, sub=f"repo:{repository}:environment:{environment}")
    assert allows(trust(environment), TAKE, context=token)


@pytest.mark.parametrize("ref", ["refs/pull/7/merge", "refs/heads/gh-readonly-queue/main/pr-7-0123"])
def test_a_pull_request_and_the_merge_queue_take_their_role(ref: str) -> None:
    assert allows(trust("pull-request"), TAKE, context=claims("pull-request", ref=ref))


@pytest.mark.parametrize("environment", WRITING)
@pytest.mark.parametrize("name", FORGED)
def test_no_other_token_takes_a_role_that_writes(environment: str, name: str) -> None:
    assert not allows(trust(environment), TAKE, context=forged(name, environment))


@pytest.mark.parametrize("name", [name for name in FORGED if FORGED[name].get("repository_id")])
def test_no_other_repository_takes_the_role_of_pull_requests(name: str) -> None:
    assert not allows(trust("pull-request"), TAKE, context=forged(name, "pull-request"))


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
