"""What each role may do in the buckets: a pull request writes its own prefix and nothing else."""

from itertools import product

import pytest

from engine.tests.infra.iam import POLICIES, Document, allows, each, files_of, rendered

ENVIRONMENTS = rendered("environments", branch="main")
KINDS = ("models", "data", "results", "predictions")
BUCKETS = {kind: f"arn:aws:s3:::acme-{kind}" for kind in KINDS}
PREFIXES = sorted({environment["prefix"] for environment in ENVIRONMENTS.values()} | {"productions", "other"})
PLACES = [(kind, prefix) for kind, prefix in product(KINDS, PREFIXES)]
CHANGES = (
    "s3:PutObject",
    "s3:DeleteObject",
    "s3:DeleteObjectVersion",
    "s3:PutObjectAcl",
    "s3:PutBucketPolicy",
)


def access(environment: str) -> Document:
    template = environment if environment == "pull-request" else "environment"
    prefix = ENVIRONMENTS[environment]["prefix"]
    return rendered(f"{template}-access", **BUCKETS, prefix=prefix, champion="production")


def places(policy: Document, action: str) -> set[tuple[str, str]]:
    """Kind and prefix of the objects that the policy allows the action on."""
    return {
        (kind, prefix)
        for kind, prefix in PLACES
        if allows(policy, action, f"{BUCKETS[kind]}/{prefix}/flights/file.json")
    }


def test_a_pull_request_writes_its_own_prefix_and_nothing_else() -> None:
    policy = access("pull-request")
    assert places(policy, "s3:PutObject") == {("results", "pull-requests")}
    assert [action for action in CHANGES[1:] if places(policy, action)] == []


def test_a_pull_request_reads_the_data_the_champion_and_its_own_results() -> None:
    data = {("data", prefix) for prefix in PREFIXES}
    own = {("models", "production"), ("results", "pull-requests")}
    assert places(access("pull-request"), "s3:GetObject") == data | own


@pytest.mark.parametrize("environment", ["staging", "production", "schedules"])
def test_an_environment_writes_its_own_prefixes_and_nothing_else(environment: str) -> None:
    prefix = ENVIRONMENTS[environment]["prefix"]
    policy = access(environment)
    own = {(kind, prefix) for kind in ("models", "results", "predictions")}
    assert places(policy, "s3:PutObject") == own
    assert places(policy, "s3:GetObject") == own | {("data", prefix) for prefix in PREFIXES}
    assert [action for action in CHANGES[1:] if places(policy, action)] == []


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_missing_object_differs_from_a_forbidden_one(environment: str) -> None:
    """Without s3:ListBucket on the bucket, S3 answers 403 for both, and HeadBucket is refused."""
    policy = access(environment)
    read = {kind for kind, _ in places(policy, "s3:GetObject")}
    assert {kind for kind in KINDS if allows(policy, "s3:ListBucket", BUCKETS[kind])} == read


def test_the_model_server_reads_its_models_and_writes_nothing() -> None:
    policy = rendered("serving-access", models=BUCKETS["models"], prefix="production")
    assert places(policy, "s3:GetObject") == {("models", "production")}
    assert [action for action in CHANGES if places(policy, action)] == []


def test_workflows_find_the_cluster_and_no_other() -> None:
    policy = rendered("cluster-access", cluster="arn:aws:eks:eu-central-1:1:cluster/kubeflow")
    assert allows(policy, "eks:DescribeCluster", "arn:aws:eks:eu-central-1:1:cluster/kubeflow")
    assert not allows(policy, "eks:DescribeCluster", "arn:aws:eks:eu-central-1:1:cluster/other")
    assert not allows(policy, "eks:UpdateClusterConfig", "arn:aws:eks:eu-central-1:1:cluster/kubeflow")


def test_a_bucket_refuses_plain_http_from_everyone() -> None:
    (statement,) = rendered("bucket", bucket=BUCKETS["models"])["Statement"]
    assert (statement["Effect"], statement["Principal"]) == ("Deny", "*")
    plain = {"Statement": [{**statement, "Effect": "Allow"}]}  # to see what it applies to
    for resource in (BUCKETS["models"], f"{BUCKETS['models']}/production/file"):
        assert allows(plain, "s3:GetObject", resource, {"aws:SecureTransport": "false"})
        assert not allows(plain, "s3:GetObject", resource, {"aws:SecureTransport": "true"})


@pytest.mark.parametrize("name", [name for name in files_of(POLICIES) if name.endswith("-access")])
def test_no_policy_allows_every_action_or_every_resource(name: str) -> None:
    values = dict.fromkeys(("cluster", "prefix", "champion"), "x") | BUCKETS
    for statement in rendered(name, **values)["Statement"]:
        assert "*" not in "".join(each(statement["Action"]))
        assert "*" not in each(statement["Resource"])
