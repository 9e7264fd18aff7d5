"""Keys of AWS come from a role that the job took, and travel with their session token."""

from collections.abc import Iterator
from pathlib import Path

from engine.tests.conventions.rules import breach, rule
from engine.tests.conventions.trust import declared
from engine.tests.conventions.workflow_files import WORKFLOWS, documents, environments, jobs
from engine.tests.conventions.workflows import JOB, STEP, W

KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
ROLE = "aws-actions/configure-aws-credentials"
KEYS_OF_STEP = "{AWS_ACCESS_KEY_ID: a, AWS_SECRET_ACCESS_KEY: b, AWS_SESSION_TOKEN: c}"
TAKEN = f"{STEP}id: role\n        uses: {ROLE}@x\n"


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
    breach(f"{W}:4", f"{STEP}env: {KEYS_OF_STEP}\n      - id: role\n        uses: {ROLE}@x\n"),
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
