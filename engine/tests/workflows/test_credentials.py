"""Workflows reach AWS with the keys of a role taken by OIDC, and the recommended set-up has no secret."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from engine.environment import VARIABLES
from engine.set_up.environments import secrets_of
from engine.tests.project import ROOT
from engine.tests.standins.http_server import Answer, serving
from engine.tests.workflows.act import Runner

ROLE = {"AWS_ROLE_ARN": "arn:aws:iam::111122223333:role/acme-production", "AWS_REGION": "eu-central-1"}
SECRETS = {"AWS_ACCESS_KEY_ID": "AKIA-stored", "AWS_SECRET_ACCESS_KEY": "stored"}
NO_SUCH_KEY = b"<Error><Code>NoSuchKey</Code><Message>none</Message></Error>"
GUIDE = ROOT / "docs/exposing-kubeflow.md"


@pytest.mark.parametrize(
    ("variables", "secrets", "key", "token"),
    [
        (ROLE, {}, "ASIA-acme-production", "session-of-acme-production"),
        ({}, SECRETS | {"AWS_SESSION_TOKEN": "temporary"}, "AKIA-stored", "temporary"),
    ],
    ids=["the keys of a role", "stored keys"],
)
def test_a_job_reads_the_store_with_its_credentials(
    variables: dict[str, str],
    secrets: dict[str, str],
    key: str,
    token: str,
    on_github: Callable[..., Runner],
) -> None:
    seen = set()

    def answer(path, headers) -> Answer:
        signed = re.search(r"Credential=([^/]+)/", headers["Authorization"])[1]
        seen.add((signed, headers["X-Amz-Security-Token"]))
        return Answer(404, {"Content-Type": "application/xml"}, NO_SUCH_KEY)

    with serving(answer) as host:
        settings = {"MODEL_REGISTRY_URI": "s3://acme-models/production", "AWS_ENDPOINT_URL": f"http://{host}"}
        github = replace(on_github(), variables=variables | settings, secrets=secrets)
        inputs = {"command": "roll-back", "environment": "production", "reason": "it is worse"}
        event = github.origin.on_main("workflow_dispatch", {"inputs": inputs})
        run = github.run("operate.yml", event, jobs=["roll-back"])

    assert seen == {(key, token)}, run.printed
    taken = run.used("aws-actions/configure-aws-credentials")
    assert [each["role-to-assume"] for each in taken] == ([ROLE["AWS_ROLE_ARN"]] if variables else [])


def used_secrets() -> set[str]:
    texts = [path.read_text() for path in (ROOT / ".github").rglob("*.yml")]
    return {name for text in texts for name in re.findall(r"\bsecrets\.(\w+)", text)}


def replaced() -> dict[str, str]:
    """By secret: what the guide sets in its place."""
    table = GUIDE.read_text().partition("| secret | use instead |")[2].partition("\n\n")[0]
    rows = (line.split("|")[1:3] for line in table.splitlines()[2:])
    return {name: place for names, place in rows for name in re.findall(r"`(\w+)`", names)}


OUTPUTS = (ROOT / "infra/aws/outputs.tf").read_text()


@pytest.mark.parametrize("mode", sorted({*re.findall(r'KUBEFLOW_AUTH *= *"([a-z-]+)"', OUTPUTS)}))
def test_the_recommended_set_up_stores_no_secret(mode: str) -> None:
    """Its variables are those that Terraform prints; without the role, the store alone takes two secrets."""
    names = {name for name in re.findall(r"\b[A-Z][A-Z_]{5,}\b", OUTPUTS) if name in VARIABLES}
    assert {"AWS_ROLE_ARN", "KUBEFLOW_HOST", "MODEL_REGISTRY_URI", "RESULTS_URI"} <= names
    assert not [name for name in names if VARIABLES[name].secret]
    variables = dict.fromkeys(names, "s3://acme-models/production") | {"KUBEFLOW_AUTH": mode}
    assert len([*secrets_of(variables)]) == 0
    del variables["AWS_ROLE_ARN"]
    assert len([*secrets_of(variables)]) == 2
    assert "gh secret set" not in GUIDE.read_text()


def test_each_secret_of_the_workflows_has_something_in_its_place() -> None:
    assert used_secrets() <= {*replaced()}
    assert all(place.strip() for place in replaced().values())
