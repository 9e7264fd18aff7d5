"""Where credentials of workflows come from: environments by name, and for AWS a role that the job took."""

import re
from collections.abc import Iterator
from pathlib import Path

from engine.tests.conventions.rules import breach, rule
from engine.tests.conventions.workflow_files import (
    WORKFLOWS,
    Mapping,
    documents,
    environments,
    jobs,
    listens,
    triggers,
)
from engine.tests.conventions.workflows import JOB, STEP, W

KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
ROLE = "aws-actions/configure-aws-credentials"
KEYS_OF_STEP = "{AWS_ACCESS_KEY_ID: a, AWS_SECRET_ACCESS_KEY: b, AWS_SESSION_TOKEN: c}"
OUTPUTS = "        with: {output-env-credentials: false}\n"
TAKEN = f"{STEP}id: role\n        uses: {ROLE}@x\n"
CALLED = ".github/workflows/call-it.yml"
TAKES_A = "on: {workflow_call: {secrets: {A: {}}}}\n"
CALLS_A = f"{TAKES_A}{STEP}env: {{A: '${{{{ secrets.A }}}}'}}\n    environment: x\n"


@rule(
    breach(f"{W}:2", f"{STEP}env: {{A: '${{{{ secrets.A }}}}'}}\non: push\n"),
    breach(f"{W}:3", f"{JOB}    secrets: inherit\non: push\n"),
    breach(f"{W}:1", "on: pull_request_target\n"),
)
def secrets_come_from_the_environment_that_a_job_names(root: Path) -> Iterator[str]:
    for name, _, job, content in jobs(root):
        if content.get("secrets") == "inherit":
            yield f"{name}:{content.lines['secrets']}: expected secrets by name, found inherit"
        elif "uses" not in content and "environment" not in content and "secrets." in str(content):
            yield f"{name}:{content.line - 1}: expected an environment to scope the secrets of {job}"
    for name, workflow in documents(root, WORKFLOWS):
        if "pull_request_target" in triggers(workflow):
            yield f"{name}:1: expected no pull_request_target, which gives strangers our secrets"


@rule(
    breach(f"{W}:1", f"on: workflow_call\n{STEP}env: {{A: '${{{{ secrets.A }}}}'}}\n"),
    breach(f"{W}:1", f"{TAKES_A}{JOB}    steps: []\n"),
    breach(f"{W}:2", f"{JOB}    uses: ./{CALLED}\non: push\n", {CALLED: CALLS_A}),
    breach(
        f"{W}:4",
        f"{JOB}    uses: ./{CALLED}\n    secrets: {{A: '${{{{ secrets.B }}}}'}}\non: push\n",
        {CALLED: CALLS_A},
    ),
    breach(
        f"{W}:4",
        f"{JOB}    uses: ./{CALLED}\n    secrets: {{A: '${{{{ secrets.A }}}}', B: '${{{{ secrets.B }}}}'}}\n",
        {CALLED: CALLS_A},
    ),
)
def called_workflows_declare_the_secrets_that_callers_pass_by_name(root: Path) -> Iterator[str]:
    """GitHub gives a called job the secrets of its environment only under names that the caller passes."""
    called = {name: workflow for name, workflow in documents(root, WORKFLOWS) if not listens(workflow)}
    for name, workflow in called.items():
        used = {*re.findall(r"secrets\.(\w+)", str(workflow["jobs"]))}
        for secret in sorted(used ^ declared(workflow)):
            where = f"{name}:{workflow.lines['on']}"
            yield f"{where}: expected the secrets that are used to be declared, and no others: {secret}"
    for name, _, job, content in jobs(root):
        if target := called.get(content.get("uses", "").removeprefix("./")):
            expected = {secret: f"${{{{ secrets.{secret} }}}}" for secret in declared(target)}
            if content.get("secrets", {}) != expected:
                where = f"{name}:{content.lines.get('secrets', content.line - 1)}"
                yield f"{where}: expected {job} to pass by name {', '.join(sorted(expected)) or 'no secret'}"


def declared(workflow: Mapping) -> set[str]:
    """The secrets that a called workflow may be passed."""
    return {*((triggers(workflow).get("workflow_call") or {}).get("secrets") or {})}


@rule(
    breach(f"{W}:4", f"{STEP}env: {{AWS_ACCESS_KEY_ID: a, AWS_SECRET_ACCESS_KEY: b}}\n"),
    breach(f"{W}:1", f"on: {{workflow_call: {{secrets: {{AWS_SECRET_ACCESS_KEY: {{}}}}}}}}\n{JOB}    x: 1\n"),
)
def keys_travel_with_their_session_token(root: Path) -> Iterator[str]:
    for name, document in documents(root):
        for env in environments(document):
            if missing := partial(env):
                yield f"{name}:{env.line}: expected {', '.join(missing)} beside the other keys"
    for name, workflow in documents(root, WORKFLOWS):
        if missing := partial(declared(workflow)):
            yield f"{name}:{workflow.lines['on']}: expected {', '.join(missing)} beside the other keys"


def partial(names: object) -> list[str]:
    """The keys that are missing where some are."""
    missing = [key for key in KEYS if key not in names]
    return missing if len(missing) < len(KEYS) else []


@rule(
    breach(f"{W}:4", f"{STEP}env: {KEYS_OF_STEP}\n"),
    breach(f"{W}:4", f"{STEP}env: {KEYS_OF_STEP}\n      - id: role\n        uses: {ROLE}@x\n{OUTPUTS}"),
    breach(f"{W}:4", f"{TAKEN}        with: {{output-env-credentials: true}}\n"),
    breach(f"{W}:4", TAKEN),
)
def jobs_take_the_role_before_they_use_its_keys(root: Path) -> Iterator[str]:
    """And its keys reach the steps that name them, not the whole job."""
    for name, _, job, content in jobs(root):
        taken = False
        for step in content.get("steps", []):
            if step.get("uses", "").startswith(ROLE):
                taken = step.get("id") == "role"
                if step.get("with", {}).get("output-env-credentials") is not False:
                    yield f"{name}:{step.line}: expected output-env-credentials: false"
            elif KEYS[0] in step.get("env", {}) and not taken:
                yield f"{name}:{step.line}: expected {job} to take the role before this step"
