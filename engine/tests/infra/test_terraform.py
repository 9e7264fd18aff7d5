"""infra/aws by Terraform itself: with a mocked provider, and applied to a loopback stand-in for AWS.

Skipped where Terraform or its provider is not available: Debian has no package of it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.environment import VARIABLES
from engine.set_up.environments import secrets_of
from engine.tests.infra.aws import PATH_STYLE, Terraform, client, installed_terraform, running_moto
from engine.tests.infra.iam import allows
from engine.tests.infra.tokens import ENVIRONMENTS, FORGED, TAKE, WRITING, claims, forged

TARGETS = (
    "aws_iam_openid_connect_provider.github",
    "module.address",
    "module.github_role",
    "module.pipeline_role",
    "module.serving_role",
    *(
        f'module.bucket["results"].aws_s3_bucket_{part}.this'
        for part in ("policy", "public_access_block", "server_side_encryption_configuration", "versioning")
    ),
)
"""All but access entries, which moto has not, and lifecycles, whose creation waits for a minute."""


@pytest.fixture(scope="module")
def terraform(tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    return installed_terraform(tmp_path_factory.mktemp("terraform") / "aws")


@pytest.fixture(scope="module")
def applied(terraform: Terraform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terraform]:
    """example.tfvars applied to an account with that cluster."""
    folder: Path = tmp_path_factory.mktemp("moto")
    with running_moto(folder) as environment:
        cluster = {
            "name": "kubeflow",
            "roleArn": "arn:aws:iam::123456789012:role/eks",
            "resourcesVpcConfig": {},
        }
        client("eks", environment["AWS_ENDPOINT_URL"]).create_cluster(**cluster)
        (terraform.folder / "moto_override.tf").write_text(PATH_STYLE)
        here = replace(terraform, environment=environment)
        targets = [f"-target={target}" for target in TARGETS]
        options = (
            "-auto-approve",
            "-input=false",
            "-no-color",
            "-parallelism=30",
            "-var-file=example.tfvars",
        )
        ended = here.run("apply", *options, *targets)
        assert ended.returncode == 0, ended.stderr
        yield here


def aws(applied: Terraform, service: str) -> Any:
    return client(service, applied.environment["AWS_ENDPOINT_URL"])


def test_terraform_tests_pass_with_a_mocked_provider(terraform: Terraform) -> None:
    assert terraform.run("fmt", "-check", "-recursive", "-diff").stdout == ""
    ended = terraform.run("test", "-no-color")
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_an_account_has_the_trust_policies_that_refuse_forged_tokens(applied: Terraform) -> None:
    for environment in ENVIRONMENTS:
        role = aws(applied, "iam").get_role(RoleName=f"acme-mlops-github-{environment}")["Role"]
        policy = role["AssumeRolePolicyDocument"]
        for sub in ("acme/flights", "acme@1234567/flights@7654321"):
            good = claims(environment, sub=f"repo:{sub}:environment:{environment}", repository_id="7654321")
            assert allows(policy, TAKE, context=good)
        if environment in WRITING:
            renumbered = str(policy).replace("1234567", "1").replace("7654321", "2")
            assert "acme@1/flights@2" in renumbered
            assert not [name for name in FORGED if allows(policy, TAKE, context=forged(name, environment))]


def test_an_account_has_the_identity_provider_of_github(applied: Terraform) -> None:
    iam = aws(applied, "iam")
    (listed,) = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    provider = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=listed["Arn"])
    assert (provider["Url"], provider["ClientIDList"]) == (
        "token.actions.githubusercontent.com",
        ["sts.amazonaws.com"],
    )


def test_a_pull_request_and_its_pods_write_one_prefix(applied: Terraform) -> None:
    for name in ("acme-mlops-github-pull-request", "acme-mlops-pipelines-pull-request"):
        policy = aws(applied, "iam").get_role_policy(RoleName=name, PolicyName="store")["PolicyDocument"]
        written = {
            f"{kind}/{prefix}"
            for kind in ("models", "data", "results", "predictions")
            for prefix in ("pull-requests", "staging", "production")
            if allows(policy, "s3:PutObject", f"arn:aws:s3:::acme-mlops-{kind}/{prefix}/x")
        }
        assert written == {"results/pull-requests"}


def test_a_bucket_is_versioned_encrypted_and_private(applied: Terraform) -> None:
    s3, bucket = aws(applied, "s3"), {"Bucket": "acme-mlops-results"}
    assert s3.get_bucket_versioning(**bucket)["Status"] == "Enabled"
    assert all(s3.get_public_access_block(**bucket)["PublicAccessBlockConfiguration"].values())
    (rule,) = s3.get_bucket_encryption(**bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    assert "aws:SecureTransport" in s3.get_bucket_policy(**bucket)["Policy"]


def test_the_domain_has_a_certificate_with_its_proof(applied: Terraform) -> None:
    (certificate,) = aws(applied, "acm").list_certificates()["CertificateSummaryList"]
    assert certificate["DomainName"] == "kubeflow.acme.example"
    (zone,) = aws(applied, "route53").list_hosted_zones()["HostedZones"]
    records = aws(applied, "route53").list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]
    assert "CNAME" in {record["Type"] for record in records}


def test_github_gets_variables_and_no_secret(applied: Terraform) -> None:
    outputs = applied.outputs()
    names = {name for variables in outputs["github_variables"].values() for name in variables}
    assert {"AWS_ROLE_ARN", "AWS_REGION", "KUBEFLOW_HOST", "MODEL_REGISTRY_URI"} <= names
    assert [name for name in names if VARIABLES[name].secret] == []
    assert [
        name for variables in outputs["github_variables"].values() for name in secrets_of(variables)
    ] == []
    assert outputs["github_commands"].count("gh variable set") == len(outputs["github_commands"].splitlines())
