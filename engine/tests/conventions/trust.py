"""What workflows may do, with which secrets, and for whom: what act does not check, and GitHub does."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from engine.tests.conventions.rules import Breach, breach, found, imported_files, lines, parsed, rule
from engine.tests.conventions.workflow_files import (
    WORKFLOWS,
    Mapping,
    documents,
    jobs,
    own_steps,
    script_file,
    triggers,
)
from engine.tests.conventions.workflows import JOB, SHA, STEP, W

PR = ".github/workflows/pr.yml"
LEVELS = {"none": 0, "read": 1, "write": 2}
NEEDED_BY_ACTIONS = {
    "actions/checkout": {"contents": "read"},
    "actions/attest": {"id-token": "write", "attestations": "write"},
    "aws-actions/configure-aws-credentials": {"id-token": "write"},
}
SPEAKS_TO_GITHUB = "engine/github/api.py"
JUDGED = "candidate"
"""The job of which gate judges what it leaves, or that it leaves nothing."""
JUDGES = ("load_data", "validate_data", "compare_models", "enforce_verdict", "model_registry")


@rule(
    breach(f"{W}:1", "name: w\npermissions:\n  contents: read # to look\njobs: {}\n"),
    breach(f"{W}:3", f"permissions: {{}}\n{JOB}    runs-on: x\n"),
    breach(f"{W}:5", f"permissions: {{}}\n{JOB}    permissions:\n      contents: read\n"),
)
def grants_are_given_to_jobs_and_say_what_for(root: Path) -> Iterator[str]:
    for name, workflow in documents(root, WORKFLOWS):
        if workflow.get("permissions") != {} and "name" in workflow:
            yield f"{name}:1: expected permissions: {{}} on top, and each grant in its job"
        for job, content in workflow["jobs"].items() if "jobs" in workflow else ():
            if "permissions" not in content and "permissions" in workflow:
                yield f"{name}:{content.line - 1}: expected permissions in {job}, if only {{}}"
    for where, line in lines(root, WORKFLOWS):
        if re.fullmatch(r"\s+[a-z-]+: (read|write)( #.*)?", line) and not re.search(r" # to \w", line):
            yield f"{where}: expected # to ..., what the grant is for"


@rule(
    breach(f"{W}:5", f"{JOB}    steps: []\n    permissions:\n      issues: write # to tell\n"),
    breach(f"{W}:2", f"{STEP}uses: actions/checkout@{SHA} # v7.0.1\n    permissions: {{}}\n"),
    breach(
        f"{W}:2",
        f"{STEP}run: python -m scripts.tell\n        env: {{GITHUB_TOKEN: x}}\n    permissions: {{}}\n",
        {"scripts/tell.py": 'PERMISSIONS = {"issues": "write"}\n'},
    ),
    breach(
        "scripts/tell.py:1",
        "from engine.github.api import GitHub\n",
        {SPEAKS_TO_GITHUB: ""},
    ),
)
def jobs_may_do_what_their_steps_do_and_no_more(root: Path) -> Iterator[str]:
    for name, path in found(root, "scripts/ci/*.py", "scripts/*.py"):
        asks = root / SPEAKS_TO_GITHUB in imported_files(root, path)
        if asks and needed_by_script(path) is None:
            yield f"{name}:1: expected PERMISSIONS, what a job must grant for what it asks of GitHub's API"
    for name, _, job, content in jobs(root):
        granted = content.get("permissions")
        if granted is None:
            continue
        needed = needed_by(root, content)
        for permission, level in needed.items():
            if LEVELS[granted.get(permission, "none")] < LEVELS[level]:
                yield f"{name}:{content.line - 1}: expected {permission}: {level} in {job}"
        for permission, level in granted.items():
            if LEVELS[level] > LEVELS[needed.get(permission, "none")]:
                yield f"{name}:{granted.lines[permission]}: expected less, because no step needs {permission}"


@rule(
    Breach(f"{PR}:5", {PR: f"on: pull_request\n{JOB}    permissions:\n      statuses: write # to tell\n"}),
    Breach(f"{PR}:3", {PR: "on:\n  pull_request:\n    paths: [x]\n  merge_group:\njobs: {}\n"}),
    Breach(f"{PR}:1", {PR: "on: pull_request\njobs: {}\n"}),
)
def a_pull_request_is_always_judged_and_writes_nothing(root: Path) -> Iterator[str]:
    for name, workflow in documents(root, PR):
        events = triggers(workflow)
        if "merge_group" not in events and not workflow["jobs"]:
            yield f"{name}:1: expected merge_group, because the queue waits for ci-passed too"
        for event in filter(None, events.values()):
            for narrowing in {"paths", "paths-ignore", "branches"} & {*event}:
                yield f"{name}:{event.lines[narrowing]}: expected no {narrowing}: what did not run is pending"
        for content in workflow["jobs"].values():
            for permission, level in content.get("permissions", {}).items():
                if (
                    level == "write" and permission != "id-token"
                ):  # it proves who the job is, and changes nothing
                    yield f"{name}:{content['permissions'].lines[permission]}: expected no write grant"


@rule(
    Breach(f"{PR}:3", {PR: "jobs:\n  one: {}\n  ci-passed: {needs: [], if: always()}\n"}),
    Breach(f"{PR}:3", {PR: "jobs:\n  one: {}\n  ci-passed: {needs: [one]}\n"}),
)
def ci_passed_hears_of_every_job_whatever_became_of_it(root: Path) -> Iterator[str]:
    for name, workflow in documents(root, PR):
        for check in filter(None, [workflow["jobs"].get("ci-passed")]):
            others = {*workflow["jobs"]} - {"ci-passed", JUDGED}
            if {*check["needs"]} != others or not check.get("if", "").startswith("always()"):
                yield f"{name}:{check.line}: expected if: always(), and every other job in needs"


@rule(
    breach(f"{W}:1", 'on: {schedule: [{cron: "0 3 * * *"}]}\n'),
    breach(f"{W}:1", 'on: {schedule: [{cron: "*/5 * * * *"}]}\n'),
)
def schedules_avoid_the_busy_minute(root: Path) -> Iterator[str]:
    for name, workflow in documents(root, WORKFLOWS):
        for each in triggers(workflow).get("schedule") or ():
            if not re.match(r"[1-9]\d? ", each["cron"]):
                yield f"{name}:{each.line}: expected a minute that is not everyone's, found {each['cron']}"


@rule(
    breach(f"{W}:2", "name: w\nconcurrency: {group: '${{ github.workflow }}', cancel-in-progress: true}\n"),
)
def concurrency_groups_are_named_after_their_workflow(root: Path) -> Iterator[str]:
    for name, workflow in documents(root, WORKFLOWS):
        for owner in (workflow, *workflow.get("jobs", {}).values()):
            group = owner.get("concurrency", {}).get("group", Path(name).stem)
            if not re.match(
                rf"{Path(name).stem}\b", group
            ):  # of github.workflow a called one has its caller's
                yield f"{name}:{owner.lines['concurrency']}: expected {Path(name).stem}-..., found {group}"


@rule(
    Breach(
        ".github/CODEOWNERS:1",
        {".github/CODEOWNERS": "/.github/ @OWNER\n", "components/load_data/main.py": ""},
    )
)
def owners_approve_what_judges(root: Path) -> Iterator[str]:
    for name, path in found(root, ".github/CODEOWNERS"):
        owned = {line.split()[0] for line in path.read_text().splitlines() if line.startswith("/")}
        judges = {f"/components/{each}/" for each in JUDGES if (root / "components" / each).is_dir()}
        folders = (".github", "engine", "infra", "local_kfp", "pipelines", "scripts")
        rest = {f"/{each}/" for each in folders if (root / each).is_dir()}
        if missing := sorted((judges | rest) - owned):
            yield f"{name}:1: expected an owner of {', '.join(missing)}"


def needed_by(root: Path, job: Mapping) -> dict[str, str]:
    """The permissions that the steps of a job need, or the jobs of the workflow that it calls."""
    needed: list[dict[str, str]] = []
    if called := re.fullmatch(r"\./(\.github/workflows/[\w-]+\.yml)", job.get("uses", "")):
        for _, workflow in documents(root, called[1]):
            needed += [needed_by(root, each) for each in workflow["jobs"].values()]
    for step, environment in own_steps(root, job):
        options = step.get("with", {})
        used = step.get("uses", "").partition("@")[0]
        needed.append(NEEDED_BY_ACTIONS.get(used, {}))
        if used == "actions/download-artifact" and "run-id" in options:
            needed.append({"actions": "read"})
        if used == "./.github/actions/log-in" and options.get("ghcr"):
            needed.append({"packages": "read"})
        if used == "./.github/actions/build-image" and options.get("push", True):
            needed.append({"packages": "write"})
        script = re.search(r"-m scripts\.([\w.]+)", step.get("run", ""))
        if script and "GITHUB_TOKEN" in environment:
            needed.append(needed_by_script(script_file(root, script[1])) or {})
    return merged(needed)


def merged(needed: list[dict[str, str]]) -> dict[str, str]:
    highest: dict[str, str] = {}
    for permission, level in (item for each in needed for item in each.items()):
        highest[permission] = max(level, highest.get(permission, "none"), key=LEVELS.__getitem__)
    return highest


def needed_by_script(path: Path) -> dict[str, str] | None:
    """PERMISSIONS of a script, if it has any."""
    for node in parsed(path).body if path.is_file() else []:
        match node:
            case ast.Assign([ast.Name("PERMISSIONS")], value):
                return ast.literal_eval(value)
    return None
