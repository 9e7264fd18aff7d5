"""The part of GitHub's REST API that sets a repository up: environments and what they have, rulesets.

Permissions as docs.github.com says of fine-grained tokens (deployments/environments, actions/variables,
actions/secrets, repos/rules), read in November 2026.
"""

from base64 import b64encode
from typing import Any

from nacl.public import PrivateKey

from engine.tests.standins.github_api import LABELS, TEXT, Call, Document, GitHubApi, Refusal, fields, route

KEY = PrivateKey.generate()
"""What every environment's secrets are sealed for."""
POLICY: Document = {
    "type": ["object", "null"],
    "required": ["protected_branches", "custom_branch_policies"],
    "additionalProperties": False,
    "properties": {"protected_branches": {"type": "boolean"}, "custom_branch_policies": {"type": "boolean"}},
}
REVIEWERS: Document = {
    "type": ["array", "null"],
    "maxItems": 6,
    "items": fields("type id", type={"enum": ["User", "Team"]}, id={"type": "integer"}),
}
PATH = "environments/{name}"


def entries(api: GitHubApi, where: dict[str, dict[str, Any]], name: str) -> dict[str, Any]:
    """What `where` has for an environment, which must be there."""
    known(api.environments, name)
    return where.setdefault(name, {})


def known(where: dict[Any, Any], name: Any) -> Any:
    if name not in where:
        raise Refusal(404, "Not Found")
    return where[name]


def add(where: dict[str, Any], name: str, value: Any) -> tuple[int, Any]:
    if name in where:
        raise Refusal(409, "Already exists - name must be unique")
    where[name] = value
    return 201, {}


def delete(where: dict[Any, Any], name: Any) -> tuple[int, Any]:
    known(where, name)
    del where[name]
    return 204, None


@route("PUT", PATH, "administration=write", body=fields(reviewers=REVIEWERS, deployment_branch_policy=POLICY))
def _make_environment(api: GitHubApi, call: Call, name: str) -> tuple[int, Any]:
    reviewers = call.body.get("reviewers") or []
    if reviewers and api.about["private"]:
        raise Refusal(
            422,
            "Failed to create the environment protection rule. Please ensure the billing plan supports the"
            " required reviewers protection rule.",
        )
    rules = [{"type": each["type"], "reviewer": {"id": each["id"]}} for each in reviewers]
    found = api.environments.setdefault(name, {"name": name})
    found["deployment_branch_policy"] = call.body.get("deployment_branch_policy")
    found["protection_rules"] = [{"type": "required_reviewers", "reviewers": rules}] if rules else []
    return 200, found


@route("DELETE", PATH, "administration=write")
def _remove_environment(api: GitHubApi, call: Call, name: str) -> tuple[int, Any]:
    for where in (api.variables, api.secrets, api.deployment_branches):
        where.pop(name, None)
    return delete(api.environments, name)


@route("GET", f"{PATH}/deployment-branch-policies", "actions=read")
def _list_branches(api: GitHubApi, call: Call, name: str) -> tuple[int, Any]:
    branches = [{"name": each} for each in entries(api, api.deployment_branches, name)]
    return 200, {"total_count": len(branches), "branch_policies": branches}


@route(
    "POST",
    f"{PATH}/deployment-branch-policies",
    "administration=write",
    body=fields("name", name=TEXT, type={"enum": ["branch", "tag"]}),
)
def _add_branch(api: GitHubApi, call: Call, name: str) -> tuple[int, Any]:
    return add(entries(api, api.deployment_branches, name), call.body["name"], call.body["type"])


@route("GET", f"{PATH}/variables/{{variable}}", "environments=read")
def _get_variable(api: GitHubApi, call: Call, name: str, variable: str) -> tuple[int, Any]:
    return 200, {"name": variable, "value": known(entries(api, api.variables, name), variable)}


VARIABLE = fields("name value", name=TEXT, value=TEXT)


@route("POST", f"{PATH}/variables", "environments=write", body=VARIABLE)
def _add_variable(api: GitHubApi, call: Call, name: str) -> tuple[int, Any]:
    return add(entries(api, api.variables, name), call.body["name"], call.body["value"])


@route("PATCH", f"{PATH}/variables/{{variable}}", "environments=write", body=VARIABLE)
def _set_variable(api: GitHubApi, call: Call, name: str, variable: str) -> tuple[int, Any]:
    variables = entries(api, api.variables, name)
    known(variables, variable)
    variables[variable] = call.body["value"]
    return 204, None


@route("GET", f"{PATH}/secrets/public-key", "environments=read")
def _get_public_key(api: GitHubApi, call: Call, name: str) -> tuple[int, Any]:
    known(api.environments, name)
    return 200, {"key_id": "1", "key": b64encode(bytes(KEY.public_key)).decode()}


@route("GET", f"{PATH}/secrets/{{secret}}", "environments=read")
def _get_secret(api: GitHubApi, call: Call, name: str, secret: str) -> tuple[int, Any]:
    known(entries(api, api.secrets, name), secret)
    return 200, {"name": secret}


SEALED = fields("encrypted_value key_id", encrypted_value=TEXT, key_id={"const": "1"})


@route("PUT", f"{PATH}/secrets/{{secret}}", "environments=write", body=SEALED)
def _set_secret(api: GitHubApi, call: Call, name: str, secret: str) -> tuple[int, Any]:
    entries(api, api.secrets, name)[secret] = call.body["encrypted_value"]
    return 201, {}


RULESET = fields(
    "name target enforcement conditions rules",
    name=TEXT,
    target={"enum": ["branch", "tag", "push"]},
    enforcement={"enum": ["disabled", "active", "evaluate"]},
    conditions=fields("ref_name", ref_name=fields("include exclude", include=LABELS, exclude=LABELS)),
    rules={"type": "array", "items": fields("type", type=TEXT, parameters={"type": "object"})},
)


@route("GET", "rulesets")
def _list_rulesets(api: GitHubApi, call: Call) -> tuple[int, Any]:
    return 200, [{"id": number, "name": each["name"]} for number, each in api.rulesets.items()]


@route("GET", "rulesets/{number}")
def _get_ruleset(api: GitHubApi, call: Call, number: str) -> tuple[int, Any]:
    return 200, known(api.rulesets, int(number))


@route("POST", "rulesets", "administration=write", body=RULESET)
def _add_ruleset(api: GitHubApi, call: Call) -> tuple[int, Any]:
    if api.about["private"]:
        raise Refusal(403, "Upgrade to GitHub Pro or make this repository public to enable this feature.")
    number = api.new_id()
    api.rulesets[number] = call.body | {"id": number, "source_type": "Repository", "bypass_actors": []}
    return 201, api.rulesets[number]


@route("PUT", "rulesets/{number}", "administration=write", body=RULESET)
def _set_ruleset(api: GitHubApi, call: Call, number: str) -> tuple[int, Any]:
    ruleset = known(api.rulesets, int(number))
    ruleset |= call.body
    return 200, ruleset


@route("DELETE", "rulesets/{number}", "administration=write")
def _remove_ruleset(api: GitHubApi, call: Call, number: str) -> tuple[int, Any]:
    return delete(api.rulesets, int(number))


@route("DELETE", "labels/{name}", "issues=write")
def _remove_label(api: GitHubApi, call: Call, name: str) -> tuple[int, Any]:
    return delete(api.labels, name)


@route("GET", "/users/{login}")
def _get_user(api: GitHubApi, call: Call, login: str) -> tuple[int, Any]:
    return 200, {"login": login, "id": len(login)}


@route("GET", "/orgs/{organization}/teams/{team}", "members=read")
def _get_team(api: GitHubApi, call: Call, organization: str, team: str) -> tuple[int, Any]:
    return 200, {"slug": team, "id": 100 + len(team)}
