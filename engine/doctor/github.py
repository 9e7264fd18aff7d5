"""Checks of the repository on GitHub: environments, their variables and secrets by name, and branch rules."""

from collections.abc import Iterable
from typing import Any

from engine.command_line import SettingsError
from engine.doctor.refusals import diagnose
from engine.doctor.results import Result, Results, Site, failed, ok, skipped, warned
from engine.environment import misspelt
from engine.github.api import GitHub, NotFound, Refused
from engine.set_up.environments import secrets_of

REQUIRED = ("KUBEFLOW_HOST", "MODEL_REGISTRY_URI", "RESULTS_URI")
WITH_ENDPOINT = ("pull-request", "staging", "production", "schedules")
PROTECTED = "production"
CHECK = "ci-passed"
NEEDS_TOKEN = "this token may not read it; run GITHUB_TOKEN=$(gh auth token) make doctor"


def check(site: Site) -> Results:
    yield _owners(site)
    try:
        github = GitHub(site.environment, site.waits)
    except SettingsError as error:
        yield skipped("GitHub", str(error))
        return
    branch = str(github.get()["default_branch"])
    yield from _branch(github, branch)
    for name in WITH_ENDPOINT:
        yield from _environment(github, name)


def _owners(site: Site) -> Result:
    path = site.root / ".github/CODEOWNERS"
    texts = path.read_text().splitlines() if path.is_file() else []
    rules = [text for text in texts if text.strip() and not text.startswith("#")]
    if not rules or any("@OWNER" in text.split() for text in rules):
        return failed("code owners", diagnose("codeowners"))
    return ok("code owners", f"{len(rules)} rules name an owner")


def _branch(github: GitHub, branch: str) -> Results:
    rules = [*github.pages("rules", "branches", branch)]
    facts = {"branch": branch, "repository": github.repository}
    checks = {each["context"] for each in _required_checks(rules)}
    older = github.get("branches", branch).get("protection", {}).get("required_status_checks", {})
    if CHECK in checks | {*older.get("contexts", [])}:
        yield ok(f"branch {branch}", f"requires {CHECK}")
    else:
        yield failed(f"branch {branch}", diagnose("ci-passed", **facts))
    if any(rule.get("parameters", {}).get("require_code_owner_review") for rule in rules):
        yield ok(f"branch {branch}", "requires a review by code owners")
    else:
        yield warned(f"branch {branch}", diagnose("code-owner-review", **facts))


def _required_checks(rules: Iterable[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    for rule in rules:
        if rule["type"] == "required_status_checks":
            yield from rule["parameters"]["required_status_checks"]


def _environment(github: GitHub, name: str) -> Results:
    check, facts = f"environment {name}", {"environment": name, "repository": github.repository}
    try:
        described = github.get("environments", name)
    except NotFound:
        yield warned(check, diagnose("environment", **facts))
        return
    if name == PROTECTED and not _is_protected(described):
        yield failed(check, diagnose("unprotected", **facts))
    try:
        variables = {
            each["name"]: each["value"]
            for each in github.pages("environments", name, "variables", inside="variables")
        }
        secrets = {each["name"] for each in github.pages("environments", name, "secrets", inside="secrets")}
    except Refused as error:
        if error.code != 403:
            raise
        yield skipped(check, NEEDS_TOKEN)
        return
    yield from _settings(check, name, variables, secrets)


def _settings(check: str, environment: str, variables: dict[str, str], secrets: set[str]) -> Results:
    present = [name for name in REQUIRED if variables.get(name, "").strip()]
    if not present:
        yield skipped(check, f"has none of {', '.join(REQUIRED)}: its steps run on GitHub's runner")
        return
    for name, entry in misspelt({*variables, *secrets}).items():
        yield warned(check, diagnose("misspelt", environment=environment, found=name, variable=entry))
    missing = [name for name in REQUIRED if name not in present]
    for name in missing:
        facts = {"variable": name, "environment": environment, "found": ", ".join(present)}
        yield failed(check, diagnose("variable", **facts))
    absent = [name for name in secrets_of(variables) if name not in secrets]
    for name in absent:
        yield failed(check, diagnose("secret", secret=name, environment=environment))
    if not missing and not absent:
        yield ok(check, f"has {', '.join(present)}, and the secrets {', '.join(sorted(secrets)) or 'none'}")


def _is_protected(environment: dict[str, Any]) -> bool:
    rules = environment.get("protection_rules") or []
    reviewers = any(rule.get("type") == "required_reviewers" and rule.get("reviewers") for rule in rules)
    return reviewers or bool(environment.get("deployment_branch_policy"))
