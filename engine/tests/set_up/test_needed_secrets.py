"""An environment needs the secrets of what its variables choose, and no others."""

import pytest

from engine.environment import VARIABLES
from engine.set_up.environments import secrets_of

HOST = {"KUBEFLOW_HOST": "https://kubeflow.acme.example/pipeline"}
HUB = {"DOCKERHUB_USERNAME": "acme"}
QUAY = {"IMAGE_REGISTRY": "quay.io", "IMAGE_REGISTRY_USERNAME": "acme+ci"}
ECR = {"IMAGE_REGISTRY": "111122223333.dkr.ecr.eu-central-1.amazonaws.com"}


@pytest.mark.parametrize(
    ("variables", "secrets"),
    [
        (HOST, ["KUBEFLOW_TOKEN"]),
        (HOST | {"KUBEFLOW_AUTH": "github-oidc"}, []),
        (HOST | {"KUBEFLOW_AUTH": "eks-oidc"}, []),
        (HOST | {"KUBEFLOW_AUTH": "dex"}, ["KUBEFLOW_PASSWORD"]),
        (HOST | {"KUBEFLOW_AUTH": "service-account"}, ["KUBECONFIG"]),
        (HUB, ["DOCKERHUB_TOKEN"]),
        (HUB | {"DOCKERHUB_OIDC_CONNECTIONID": "id"}, []),
        (QUAY, ["IMAGE_REGISTRY_PASSWORD"]),
        (ECR, []),
        ({"RESULTS_URI": "s3://acme/results"}, ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]),
        ({"RESULTS_URI": "s3://acme/results", "AWS_ROLE_ARN": "arn"}, []),
    ],
)
def test_an_environment_needs_the_secrets_of_its_variables(
    variables: dict[str, str], secrets: list[str]
) -> None:
    assert [*secrets_of(variables)] == secrets
    assert all(VARIABLES[name].secret for name in secrets)
