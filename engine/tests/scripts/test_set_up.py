"""Tests of scripts/set_up.py: a repository gets what its declaration says, and no secret is shown."""

import json
import re
import subprocess
from base64 import b64decode
from pathlib import Path

import pytest
import yaml
from nacl.public import SealedBox

from engine.set_up.declaration import FILE
from engine.tests.standins import github_settings
from engine.tests.standins.github_api import GitHubApi

RIGHTS = {"administration": "write", "environments": "write", "actions": "read", "issues": "write"}
TOKEN = "s3cret-value-of-the-token"
DECLARED = {
    "owners": ["@you/ml", "@ann"],
    "reviewers": ["@ann"],
    "images": "docker.io/you/flight-delays",
    "environments": {
        "staging": {
            "KUBEFLOW_HOST": "https://kubeflow.example.com/pipeline",
            "MODEL_REGISTRY_URI": "s3://bucket/models/staging",
        },
        "production": {"KUBEFLOW_HOST": "https://kubeflow.example.com/pipeline"},
        "pull-request": {"KUBEFLOW_NAMESPACE": "pull-requests"},
    },
}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy's checkout with a declaration."""
    root = tmp_path / "copy"
    (root / ".github").mkdir(parents=True)
    (root / ".github/CODEOWNERS").write_text("# Put your team for @OWNER.\n/engine/ @OWNER\n/docs/ @bob\n")
    (root / "mlops.yaml").write_text("model: m\nimages: {}   # where they are\n")
    for words in (("init", "-q"), ("add", ".")):
        subprocess.run(["git", *words], cwd=root, check=True)
    (root / FILE).write_text(yaml.safe_dump(DECLARED))
    return root


@pytest.fixture
def set_up(call, copy: Path, github_api: GitHubApi):
    """Run it in the copy with a token of these rights, and with every secret in the shell."""

    def run(*options: str, rights: dict[str, str] = RIGHTS, **secrets: str):
        return call(copy, "set_up", *options, **github_api.environment(**rights), **secrets)

    return run


def contents(root: Path) -> dict[Path, bytes]:
    files = (path for path in root.rglob("*") if path.is_file() and ".git" not in path.parts)
    return {path: path.read_bytes() for path in files}


SECRETS = {
    f"{environment}_{name}": TOKEN
    for environment in ("STAGING", "PRODUCTION")
    for name in ("KUBEFLOW_TOKEN", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
}


def test_a_repository_gets_all_that_is_declared(set_up, copy: Path, github_api: GitHubApi) -> None:
    done = set_up(**SECRETS)

    assert done.status == 0
    environments = github_api.environments
    assert {*environments} == {"staging", "production", "pull-request"}
    assert github_api.variables["staging"] == DECLARED["environments"]["staging"]
    (rule,) = environments["production"]["protection_rules"]
    assert rule["reviewers"][0]["reviewer"]["id"] == len("ann")
    assert github_api.deployment_branches["staging"] == {"main": "branch"}
    assert environments["pull-request"]["deployment_branch_policy"] is None
    (ruleset,) = github_api.rulesets.values()
    rules = {each["type"]: each.get("parameters") for each in ruleset["rules"]}
    assert rules["required_status_checks"]["required_status_checks"] == [{"context": "ci-passed"}]
    assert rules["pull_request"]["require_code_owner_review"]
    assert {*github_api.labels} == {"failed-workflow", "template-update", "set-up"}
    assert not github_api.issues
    owners = (copy / ".github/CODEOWNERS").read_text()
    assert owners == "# Put your team for @OWNER.\n/engine/ @you/ml @ann\n/docs/ @bob\n"
    settings = yaml.safe_load((copy / "mlops.yaml").read_text())
    assert settings["images"] == {"repository": "docker.io/you/flight-delays"}


def test_secrets_are_sealed_and_never_shown(set_up, github_api: GitHubApi) -> None:
    done = set_up(**SECRETS)

    sealed = github_api.secrets["staging"]
    assert {*sealed} == {"KUBEFLOW_TOKEN", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
    box = SealedBox(github_settings.KEY)
    assert {box.decrypt(b64decode(each)).decode() for each in sealed.values()} == {TOKEN}
    sent = json.dumps([call.body for call in github_api.calls])
    assert TOKEN not in done.printed + done.error + sent


def test_a_second_run_changes_nothing(set_up, github_api: GitHubApi) -> None:
    set_up(**SECRETS)
    github_api.calls.clear()

    done = set_up()

    assert done.status == 0
    assert {call.method for call in github_api.calls} == {"GET"}
    assert "made" not in done.printed


def test_settings_changed_by_hand_are_restored_as_declared(set_up, github_api: GitHubApi) -> None:
    set_up(**SECRETS)
    github_api.variables["staging"]["KUBEFLOW_HOST"] = "https://elsewhere"
    github_api.environments["production"]["protection_rules"] = []
    (ruleset,) = github_api.rulesets.values()
    ruleset["enforcement"] = "disabled"

    done = set_up()

    made = [
        line.removeprefix("made").strip() for line in done.printed.splitlines() if line.startswith("made")
    ]
    assert made == [
        "variable KUBEFLOW_HOST of staging",
        "environment production",
        'ruleset "The gate of the default branch"',
    ]


def test_a_dry_run_makes_nothing(set_up, copy: Path, github_api: GitHubApi) -> None:
    before = contents(copy)

    done = set_up("--dry-run", **SECRETS)

    assert done.status == 0
    assert "would make environment staging" in " ".join(done.printed.split())
    assert {call.method for call in github_api.calls} == {"GET"}
    assert contents(copy) == before


def test_undo_removes_what_was_made(set_up, github_api: GitHubApi) -> None:
    set_up(**SECRETS)
    github_api.environments["of-others"] = {}

    assert set_up("--undo", "--dry-run").status == 0
    assert len(github_api.environments) == 4
    assert set_up("--undo").status == 0

    assert {*github_api.environments} == {"of-others"}
    assert not github_api.rulesets
    assert not github_api.labels


def test_a_step_that_the_token_may_not_do_is_listed_with_its_command(set_up, github_api: GitHubApi) -> None:
    workflow = {"issues": "write"}

    done = set_up(rights=workflow)

    assert done.status == 1
    command = "gh variable set KUBEFLOW_HOST --repo you/flight-delays --env staging --body https://kubeflow."
    (issue,) = github_api.issues.values()
    for text in (done.printed, issue["body"]):
        assert command in text
        assert "administration" in text
    assert issue["body"].count("- [ ] ") == len(re.findall("(?m)^left ", done.printed))
    assert [label["name"] for label in issue["labels"]] == ["set-up"]

    assert set_up("--unattended", rights=workflow).status == 0
    assert len(github_api.issues) == 1
    assert set_up(**SECRETS).status == 0
    assert github_api.issues[issue["number"]]["state"] == "closed"


def test_a_secret_without_a_value_is_left(set_up, github_api: GitHubApi) -> None:
    done = set_up()

    assert done.status == 1
    assert "expected its value in the variable STAGING_KUBEFLOW_TOKEN" in done.printed
    assert "gh secret set KUBEFLOW_TOKEN --repo you/flight-delays --env staging" in done.printed
    assert not github_api.secrets.get("staging")


def test_a_step_that_the_billing_plan_lacks_is_left_and_the_rest_is_done(
    set_up, github_api: GitHubApi
) -> None:
    github_api.about["private"] = True

    done = set_up(**SECRETS)

    assert done.status == 1
    assert "ensure the billing plan supports the required reviewers" in done.printed
    assert "Upgrade to GitHub Pro or make this repository public" in done.printed
    assert github_api.variables["staging"]


def test_the_template_itself_is_never_set_up(set_up, github_api: GitHubApi) -> None:
    github_api.about["is_template"] = True

    done = set_up(**SECRETS)

    assert done.status == 2
    assert "expected a copy of the template" in done.error
    assert {call.method for call in github_api.calls} == {"GET"}


def test_variables_of_terraform_are_taken_over(set_up, copy: Path, tmp_path: Path, github_api) -> None:
    printed = tmp_path / "variables.json"
    printed.write_text(json.dumps({"schedules": {"MODEL_REGISTRY_URI": "s3://models/production"}}))

    set_up("--variables", str(printed), SCHEDULES_AWS_ACCESS_KEY_ID="1", SCHEDULES_AWS_SECRET_ACCESS_KEY="2")

    assert {*github_api.environments} == {"schedules"}
    assert "s3://models/production" in (copy / FILE).read_text()


def test_the_token_of_an_administrator_is_used_in_place_of_the_job_s(set_up, github_api: GitHubApi) -> None:
    administrator = github_api.environment(**RIGHTS)["GITHUB_TOKEN"]

    done = set_up(rights={"issues": "write"}, SETUP_TOKEN=administrator, **SECRETS)

    assert done.status == 0
    assert {call.token for call in github_api.calls} == {administrator}


def test_without_a_declaration_and_a_terminal_it_says_what_to_do(set_up, copy: Path) -> None:
    (copy / FILE).unlink()

    done = set_up()

    assert (done.status, "run make set-up on a terminal" in done.error) == (2, True)


def test_a_wrong_declaration_is_one_line_before_anything_is_made(set_up, copy: Path, github_api) -> None:
    (copy / FILE).write_text("owner: [ann]\n")

    done = set_up()

    assert (done.status, done.error.count("\n")) == (2, 1)
    assert "owner: expected no such key; did you mean owners?" in done.error
    assert {call.method for call in github_api.calls} == {"GET"}


def test_a_clone_without_a_remote_says_how_to_add_it(call, copy: Path, github_api: GitHubApi) -> None:
    done = call(copy, "set_up", **github_api.environment(**RIGHTS) | {"GITHUB_REPOSITORY": ""})

    assert (done.status, "git remote add origin" in done.error) == (2, True)
    assert not github_api.calls
