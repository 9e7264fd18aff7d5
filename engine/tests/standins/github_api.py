"""Stands in for GitHub's REST API: the routes that we use, the permission each needs, the bodies it takes.

What GitHub would refuse is refused in its words. A request that it has no route for is kept in `strayed`,
and the fixture fails the test for it.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from threading import Lock, Thread
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import jsonschema

Document = dict[str, Any]
BOT = "github-actions[bot]"
OWNER, NAME = "you", "flight-delays"
LEVELS = {"read": 1, "write": 2}
LONGEST_BODY = 65_536  # characters of a body


class Call(NamedTuple):
    method: str
    path: str
    query: dict[str, str]
    body: Any
    token: str


class Refusal(Exception):  # noqa: N818 - an answer
    def __init__(self, status: int, message: str, errors: list[Document] | None = None, needs: str = ""):
        super().__init__(message)
        self.status = status
        self.headers = {"X-Accepted-GitHub-Permissions": needs} if needs else {}
        self.document = {"message": message, "status": str(status)} | ({"errors": errors} if errors else {})


class Route(NamedTuple):
    method: str
    pattern: re.Pattern[str]
    needs: tuple[tuple[str, str], ...]
    """Any one of these permissions will do; with none, any valid token."""
    body: Document | None
    handle: Callable[..., Any]


ROUTES: list[Route] = []


def route(
    method: str, path: str, *needs: str, body: Document | None = None
) -> Callable[[Callable], Callable]:
    """`path` is below the repository, or from the root where it starts with a slash."""
    whole = path if path.startswith("/") else f"/repos/{OWNER}/{NAME}{path and '/'}{path}"
    pattern = re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(whole)))

    def register(handle: Callable) -> Callable:
        accepted = tuple(tuple(need.split("=")) for need in needs)
        ROUTES.append(Route(method, pattern, accepted, body, handle))
        return handle

    return register


def fields(required: str = "", **properties: Document) -> Document:
    """The schema of a body."""
    return {
        "type": "object",
        "required": required.split(),
        "properties": properties,
        "additionalProperties": False,
    }


TEXT: Document = {"type": "string"}
LONG_TEXT: Document = {"type": "string", "minLength": 1, "maxLength": LONGEST_BODY}
LABELS: Document = {"type": "array", "items": TEXT}


@dataclass
class GitHubApi:
    """What the repository you/flight-delays has, to be set and read by a test."""

    url: str = ""
    repository: str = f"{OWNER}/{NAME}"
    about: Document = field(default_factory=lambda: {"private": False, "owner_type": "User"})
    tokens: dict[str, dict[str, str]] = field(default_factory=dict)
    pulls: dict[int, Document] = field(default_factory=dict)
    files: dict[int, list[Document]] = field(default_factory=dict)
    commits: dict[str, Document] = field(default_factory=dict)
    statuses: dict[str, list[Document]] = field(default_factory=dict)
    """Newest first."""
    comments: dict[int, list[Document]] = field(default_factory=dict)
    issues: dict[int, Document] = field(default_factory=dict)
    labels: dict[str, Document] = field(default_factory=dict)
    runs: dict[int, Document] = field(default_factory=dict)
    jobs: dict[int, list[Document]] = field(default_factory=dict)
    annotations: dict[int, list[Document]] = field(default_factory=dict)
    artifacts: dict[int, list[Document]] = field(default_factory=dict)
    reruns: list[int] = field(default_factory=list)
    workflows: dict[str, set[str]] = field(default_factory=dict)
    """File of each workflow that can be dispatched, and the names of its inputs."""
    disabled: set[str] = field(default_factory=set)
    """Those of `workflows` that were disabled."""
    dispatches: list[Document] = field(default_factory=list)
    environments: dict[str, Document] = field(default_factory=dict)
    deployment_branches: dict[str, dict[str, str]] = field(default_factory=dict)
    """Those that each environment takes, by name, with their kind."""
    rulesets: dict[int, Document] = field(default_factory=dict)
    variables: dict[str, dict[str, str]] = field(default_factory=dict)
    """Those of each environment."""
    secrets: dict[str, dict[str, str]] = field(default_factory=dict)
    """Those of each environment, as they were sealed."""
    rules: list[Document] = field(default_factory=list)
    """That are active for the branch main."""
    permissions: dict[str, str] = field(default_factory=dict)
    """What each person may do: admin, maintain, write, triage, read, none."""
    packages: dict[str, list[Document]] = field(default_factory=dict)
    """Versions of each container package."""
    calls: list[Call] = field(default_factory=list)
    strayed: list[str] = field(default_factory=list)
    failures: list[tuple[int, dict[str, str], Document]] = field(default_factory=list)
    """Status, headers and document of what the next calls are answered with, whatever they ask."""
    _numbers: Iterator[int] = field(default_factory=lambda: count(1001))

    def environment(self, **permissions: str) -> dict[str, str]:
        """What a step of a job with these permissions, `issues="write"`, has in its environment."""
        token = f"ghs_{next(self._numbers)}secret"
        self.tokens[token] = {name.replace("-", "_"): level for name, level in permissions.items()}
        return {
            "GITHUB_API_URL": self.url,
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_REPOSITORY": self.repository,
            "GITHUB_TOKEN": token,
        }

    def new_id(self) -> int:
        return next(self._numbers)

    def add_commit(self, sha: str, author: str = "ann", committer: str | None = None) -> None:
        self.commits[sha] = {"sha": sha, "author": _user(author), "committer": _user(committer or author)}

    def add_pull(
        self,
        number: int,
        sha: str,
        branch: str = "change",
        author: str = "ann",
        owner: str = OWNER,
        **more: Any,
    ) -> Document:
        self.add_commit(sha, author)
        repository = {"full_name": f"{owner}/{NAME}", "owner": _user(owner), "fork": owner != OWNER}
        head = {
            "ref": branch,
            "sha": sha,
            "label": f"{owner}:{branch}",
            "user": _user(owner),
            "repo": repository,
        }
        base = {"ref": "main", "label": f"{OWNER}:main", "repo": {"full_name": self.repository}}
        self.pulls[number] = {
            "number": number,
            "state": "open",
            "draft": False,
            "title": f"Change {number}",
            "user": _user(author),
            "head": head,
            "base": base,
        } | more
        self.comments[number] = []
        return self.pulls[number]

    def add_run(
        self, sha: str, workflow: str = "pr.yml", conclusion: str | None = "success", **more: Any
    ) -> Document:
        number = self.new_id()
        self.runs[number] = {
            "id": number,
            "name": workflow.removesuffix(".yml"),
            "path": f".github/workflows/{workflow}",
            "event": "pull_request",
            "head_sha": sha,
            "head_branch": "change",
            "head_repository": {"full_name": self.repository, "owner": _user(OWNER)},
            "status": "completed" if conclusion else "in_progress",
            "conclusion": conclusion,
            "run_attempt": 1,
            "run_number": number,
            "actor": _user("ann"),
            "triggering_actor": _user("ann"),
            "pull_requests": [],
            "created_at": _now(),
            "html_url": f"https://github.com/{self.repository}/actions/runs/{number}",
        } | more
        return self.runs[number]

    def add_jobs(self, run_id: int, **conclusions: str | None) -> None:
        """`add_jobs(1, plan="success", gate="failure")`."""
        for name, conclusion in conclusions.items():
            number = self.new_id()
            job = {
                "id": number,
                "run_id": run_id,
                "name": name,
                "status": "completed" if conclusion else "in_progress",
                "conclusion": conclusion,
                "html_url": f"https://github.com/{self.repository}/actions/runs/{run_id}/job/{number}",
                "check_run_url": f"https://api.github.com/repos/{self.repository}/check-runs/{number}",
            }
            self.jobs.setdefault(run_id, []).append(job)

    def annotate(self, run_id: int, job: str, **messages: str) -> None:
        """`annotate(1, "gate", verdict="sha256:...")`: a notice of that job for each title."""
        (number,) = [each["id"] for each in self.jobs[run_id] if each["name"] == job]
        made = [
            {"path": ".github", "annotation_level": "notice", "title": title, "message": message}
            for title, message in messages.items()
        ]
        self.annotations.setdefault(number, []).extend(made)

    def add_artifact(self, run_id: int, name: str, expired: bool = False) -> int:
        number = self.new_id()
        run = {"id": run_id, "head_sha": self.runs[run_id]["head_sha"]}
        artifact = {"id": number, "name": name, "expired": expired, "created_at": _now(), "workflow_run": run}
        self.artifacts.setdefault(run_id, []).append(artifact)
        return number

    def add_status(self, sha: str, context: str, state: str, description: str, by: str = BOT) -> Document:
        status = {
            "id": self.new_id(),
            "context": context,
            "state": state,
            "description": description,
            "target_url": None,
            "creator": _user(by),
            "created_at": _now(),
        }
        self.statuses.setdefault(sha, []).insert(0, status)
        return status

    def add_comment(self, number: int, body: str, by: str = BOT) -> Document:
        comment = {"id": self.new_id(), "body": body, "user": _user(by), "created_at": _now()}
        self.comments.setdefault(number, []).append(comment)
        return comment

    def add_issue(
        self, title: str, body: str = "", by: str = BOT, labels: list[str] | None = None
    ) -> Document:
        number = len(self.issues) + 501
        known = [{"name": name} for name in labels or [] if name in self.labels]
        self.issues[number] = {
            "number": number,
            "title": title,
            "body": body,
            "state": "open",
            "labels": known,
            "user": _user(by),
            "html_url": f"https://github.com/{self.repository}/issues/{number}",
            "created_at": _now(),
        }
        self.comments[number] = []
        return self.issues[number]

    def called(self, method: str, ending: str = "") -> list[Call]:
        """The calls so far by that method, to paths that end so."""
        return [call for call in self.calls if call.method == method and call.path.endswith(ending)]

    def answer(self, call: Call) -> tuple[int, Any, dict[str, str]]:
        """Status, document and headers."""
        self.calls.append(call)
        if self.failures:
            status, headers, document = self.failures.pop(0)
            return status, document, headers
        try:
            found = self._route(call)
            status, document = found.handle(self, call, **self._pieces(found, call))
        except Refusal as refusal:
            return refusal.status, refusal.document, refusal.headers
        return self._paged(call, status, document)

    def _pieces(self, found: Route, call: Call) -> dict[str, str]:
        matched = found.pattern.fullmatch(call.path)
        return {name: unquote(piece) for name, piece in matched.groupdict().items()}

    def _route(self, call: Call) -> Route:
        if not call.token:
            raise Refusal(401, "Requires authentication")
        if call.token not in self.tokens:
            raise Refusal(401, "Bad credentials")
        found = next((r for r in ROUTES if r.method == call.method and r.pattern.fullmatch(call.path)), None)
        if found is None:
            self.strayed.append(f"{call.method} {call.path}")
            raise Refusal(404, "Not Found")
        granted = self.tokens[call.token]
        if found.needs and not any(
            LEVELS.get(granted.get(name, ""), 0) >= LEVELS[level] for name, level in found.needs
        ):
            needs = "; ".join(f"{name}={level}" for name, level in found.needs)
            raise Refusal(403, "Resource not accessible by integration", needs=needs)
        _check_body(found, call)
        return found

    def _paged(self, call: Call, status: int, document: Any) -> tuple[int, Any, dict[str, str]]:
        inside = next((key for key in document if key != "total_count"), "") if _is_list(document) else ""
        entries = document[inside] if inside else document
        if call.method != "GET" or not isinstance(entries, list):
            return status, document, {}
        size, page = min(100, int(call.query.get("per_page", 30))), int(call.query.get("page", 1))
        shown, headers = entries[(page - 1) * size : page * size], {}
        if page * size < len(entries):
            following = f"{self.url}{call.path}?{urlencode(call.query | {'page': page + 1})}"
            headers["Link"] = f'<{following}>; rel="next", <{following}>; rel="last"'
        return status, document | {inside: shown} if inside else shown, headers


def _check_body(found: Route, call: Call) -> None:
    if found.body is None:
        return
    body = {} if call.body is None else call.body
    errors = list(jsonschema.Draft202012Validator(found.body).iter_errors(body))
    if errors:
        details = [{"resource": "Body", "code": "custom", "message": _described(error)} for error in errors]
        raise Refusal(422, "Validation Failed", details)


def _described(error: jsonschema.ValidationError) -> str:
    name = ".".join(map(str, error.path))
    if error.validator == "maxLength":
        return f"{name} is too long (maximum is {error.validator_value} characters)"
    return f"{name or 'body'}: {error.message[:200]}"


def _is_list(document: Any) -> bool:
    return isinstance(document, dict) and "total_count" in document


def _found(where: dict, key: Any) -> Any:
    if key not in where:
        raise Refusal(404, "Not Found")
    return where[key]


def _listed(name: str, entries: list[Document]) -> tuple[int, Document]:
    return 200, {"total_count": len(entries), name: entries}


def _user(login: str) -> Document:
    return {"login": login, "type": "Bot" if login.endswith("[bot]") else "User"}


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@route("GET", "")
def _repository(api: GitHubApi, call: Call) -> tuple[int, Any]:
    owner = {"login": OWNER, "type": api.about["owner_type"]}
    private = api.about["private"]
    visibility = "private" if private else "public"
    described = {"default_branch": "main", "private": private, "visibility": visibility}
    described["template_repository"] = api.about.get("template_repository")
    described["is_template"] = api.about.get("is_template", False)
    return 200, {"full_name": api.repository, "owner": owner} | described


@route("GET", "pulls", "pull_requests=read")
def _list_pulls(api: GitHubApi, call: Call) -> tuple[int, Any]:
    state, head = call.query.get("state", "open"), call.query.get("head")
    pulls = [pull for pull in api.pulls.values() if state in ("all", pull["state"])]
    if head and ":" in head:  # GitHub ignores one that names no owner
        pulls = [pull for pull in pulls if pull["head"]["label"] == head]
    return 200, sorted(pulls, key=lambda pull: -pull["number"])


@route(
    "POST",
    "pulls",
    "pull_requests=write",
    body=fields("title head base", title=LONG_TEXT, head=TEXT, base=TEXT, body=LONG_TEXT),
)
def _add_pull(api: GitHubApi, call: Call) -> tuple[int, Any]:
    branch = call.body["head"]
    return 201, api.add_pull(api.new_id(), "0" * 40, branch, BOT, title=call.body["title"])


@route("GET", "pulls/{number}", "pull_requests=read")
def _get_pull(api: GitHubApi, call: Call, number: str) -> tuple[int, Any]:
    return 200, _found(api.pulls, int(number))


@route("GET", "pulls/{number}/files", "pull_requests=read")
def _list_files(api: GitHubApi, call: Call, number: str) -> tuple[int, Any]:
    _found(api.pulls, int(number))
    return 200, api.files.get(int(number), [])


@route("GET", "commits/{sha}", "contents=read")
def _get_commit(api: GitHubApi, call: Call, sha: str) -> tuple[int, Any]:
    if sha not in api.commits:
        raise Refusal(422, f"No commit found for SHA: {sha}")
    return 200, api.commits[sha]


@route("GET", "commits/{sha}/pulls", "pull_requests=read")
def _pulls_of_commit(api: GitHubApi, call: Call, sha: str) -> tuple[int, Any]:
    return 200, [pull for pull in api.pulls.values() if pull["head"]["sha"] == sha]


@route("GET", "commits/{sha}/statuses", "statuses=read")
def _list_statuses(api: GitHubApi, call: Call, sha: str) -> tuple[int, Any]:
    return 200, api.statuses.get(sha, [])


STATUS = fields(
    "state",
    state={"enum": ["error", "failure", "pending", "success"]},
    target_url={"type": ["string", "null"], "pattern": "^https?://"},
    description={"type": ["string", "null"], "maxLength": 140, "pattern": "^[\u0000-\uffff]*$"},
    context={"type": "string", "minLength": 1, "maxLength": 255},
)


@route("POST", "statuses/{sha}", "statuses=write", body=STATUS)
def _set_status(api: GitHubApi, call: Call, sha: str) -> tuple[int, Any]:
    if sha not in api.commits:
        raise Refusal(422, f"No commit found for SHA: {sha}")
    body = {"context": "default", "description": None} | call.body
    status = api.add_status(sha, body["context"], body["state"], body["description"])
    status["target_url"] = body.get("target_url")
    return 201, status


@route("GET", "issues/{number}/comments", "issues=read", "pull_requests=read")
def _list_comments(api: GitHubApi, call: Call, number: str) -> tuple[int, Any]:
    return 200, _found(api.comments, int(number))


@route(
    "POST",
    "issues/{number}/comments",
    "issues=write",
    "pull_requests=write",
    body=fields("body", body=LONG_TEXT),
)
def _add_comment(api: GitHubApi, call: Call, number: str) -> tuple[int, Any]:
    _found(api.comments, int(number))
    return 201, api.add_comment(int(number), call.body["body"])


@route(
    "PATCH",
    "issues/comments/{comment}",
    "issues=write",
    "pull_requests=write",
    body=fields("body", body=LONG_TEXT),
)
def _update_comment(api: GitHubApi, call: Call, comment: str) -> tuple[int, Any]:
    found = _found({each["id"]: each for listed in api.comments.values() for each in listed}, int(comment))
    if found["user"]["login"] != BOT:
        raise Refusal(403, "Unable to update comment of another user")
    found["body"] = call.body["body"]
    return 200, found


@route("GET", "issues", "issues=read")
def _list_issues(api: GitHubApi, call: Call) -> tuple[int, Any]:
    state, creator = call.query.get("state", "open"), call.query.get("creator")
    pulls = [pull | {"pull_request": {}, "labels": [], "body": ""} for pull in api.pulls.values()]
    listed = [each for each in [*api.issues.values(), *pulls] if state in ("all", each["state"])]
    listed = [each for each in listed if creator in (None, each["user"]["login"])]
    wanted = {name for name in call.query.get("labels", "").split(",") if name}
    return 200, [each for each in listed if wanted <= {label["name"] for label in each["labels"]}][::-1]


@route("POST", "issues", "issues=write", body=fields("title", title=LONG_TEXT, body=LONG_TEXT, labels=LABELS))
def _add_issue(api: GitHubApi, call: Call) -> tuple[int, Any]:
    if len(call.body["title"]) > 256:
        error = {"resource": "Issue", "code": "custom", "field": "title"}
        message = "title is too long (maximum is 256 characters)"
        raise Refusal(422, "Validation Failed", [error | {"message": message}])
    return 201, api.add_issue(call.body["title"], call.body.get("body", ""), BOT, call.body.get("labels"))


ISSUE = fields(
    title=LONG_TEXT,
    body=LONG_TEXT,
    state={"enum": ["open", "closed"]},
    state_reason={"enum": ["completed", "not_planned", "reopened", None]},
    labels=LABELS,
)


@route("PATCH", "issues/{number}", "issues=write", body=ISSUE)
def _update_issue(api: GitHubApi, call: Call, number: str) -> tuple[int, Any]:
    issue = _found(api.issues, int(number))
    issue |= call.body
    return 200, issue


@route("GET", "labels/{name}", "issues=read", "pull_requests=read")
def _get_label(api: GitHubApi, call: Call, name: str) -> tuple[int, Any]:
    return 200, _found(api.labels, name)


LABEL = fields(
    "name", name=TEXT, color={"type": "string", "pattern": "^[0-9a-f]{6}$"}, description={"maxLength": 100}
)


@route("POST", "labels", "issues=write", "pull_requests=write", body=LABEL)
def _add_label(api: GitHubApi, call: Call) -> tuple[int, Any]:
    if call.body["name"] in api.labels:
        error = {"resource": "Label", "code": "already_exists", "field": "name"}
        raise Refusal(422, "Validation Failed", [error])
    api.labels[call.body["name"]] = call.body
    return 201, call.body


def _matching_runs(runs: list[Document], call: Call) -> tuple[int, Document]:
    asked = {name: call.query[name] for name in ("head_sha", "event") if name in call.query}
    asked |= {"head_branch": call.query["branch"]} if "branch" in call.query else {}
    found = [run for run in runs if all(run[name] == value for name, value in asked.items())]
    if status := call.query.get("status"):  # of either kind
        found = [run for run in found if status in (run["status"], run["conclusion"])]
    return _listed("workflow_runs", found[::-1])


@route("GET", "actions/runs", "actions=read")
def _list_runs(api: GitHubApi, call: Call) -> tuple[int, Any]:
    return _matching_runs(list(api.runs.values()), call)


@route("GET", "actions/workflows/{workflow}/runs", "actions=read")
def _runs_of_workflow(api: GitHubApi, call: Call, workflow: str) -> tuple[int, Any]:
    path = f".github/workflows/{workflow}"
    return _matching_runs([run for run in api.runs.values() if run["path"] == path], call)


@route("GET", "actions/runs/{run}", "actions=read")
def _get_run(api: GitHubApi, call: Call, run: str) -> tuple[int, Any]:
    return 200, _found(api.runs, int(run))


@route("GET", "actions/runs/{run}/jobs", "actions=read")
def _list_jobs(api: GitHubApi, call: Call, run: str) -> tuple[int, Any]:
    _found(api.runs, int(run))
    return _listed("jobs", api.jobs.get(int(run), []))


@route("GET", "check-runs/{check}/annotations", "checks=read")
def _list_annotations(api: GitHubApi, call: Call, check: str) -> tuple[int, Any]:
    _found({str(job["id"]): job for jobs in api.jobs.values() for job in jobs}, check)
    return 200, api.annotations.get(int(check), [])


@route("GET", "actions/runs/{run}/artifacts", "actions=read")
def _list_artifacts(api: GitHubApi, call: Call, run: str) -> tuple[int, Any]:
    _found(api.runs, int(run))
    named = call.query.get("name")
    artifacts = [each for each in api.artifacts.get(int(run), []) if named in (None, each["name"])]
    return _listed("artifacts", artifacts)


@route("POST", "actions/runs/{run}/rerun-failed-jobs", "actions=write", body=fields(enable_debug_logging={}))
def _rerun_failed_jobs(api: GitHubApi, call: Call, run: str) -> tuple[int, Any]:
    found = _found(api.runs, int(run))
    if found["status"] != "completed":
        raise Refusal(403, "This workflow is already running")
    if found["conclusion"] == "success":
        raise Refusal(403, "This workflow run cannot be retried")
    api.reruns.append(int(run))
    found |= {"status": "queued", "conclusion": None, "run_attempt": found["run_attempt"] + 1}
    return 201, {}


DISPATCH = fields(
    "ref", ref=TEXT, inputs={"type": "object", "maxProperties": 25, "additionalProperties": TEXT}
)


@route("POST", "actions/workflows/{workflow}/dispatches", "actions=write", body=DISPATCH)
def _dispatch(api: GitHubApi, call: Call, workflow: str) -> tuple[int, Any]:
    known = _found(api.workflows, workflow)
    if workflow in api.disabled:
        raise Refusal(422, "Cannot trigger a 'workflow_dispatch' on a disabled workflow")
    if unknown := sorted(set(call.body.get("inputs", {})) - known):
        raise Refusal(422, f"Unexpected inputs provided: {json.dumps(unknown)}")
    api.dispatches.append({"workflow": workflow, "inputs": {}} | call.body)
    return 204, None


@route("GET", "actions/workflows/{workflow}", "actions=read")
def _get_workflow(api: GitHubApi, call: Call, workflow: str) -> tuple[int, Any]:
    _found(api.workflows, workflow)
    state = "disabled_manually" if workflow in api.disabled else "active"
    return 200, {"path": f".github/workflows/{workflow}", "state": state}


@route("PUT", "actions/workflows/{workflow}/enable", "actions=write")
def _enable_workflow(api: GitHubApi, call: Call, workflow: str) -> tuple[int, Any]:
    _found(api.workflows, workflow)
    api.disabled.discard(workflow)
    return 204, None


@route("PUT", "actions/workflows/{workflow}/disable", "actions=write")
def _disable_workflow(api: GitHubApi, call: Call, workflow: str) -> tuple[int, Any]:
    _found(api.workflows, workflow)
    api.disabled.add(workflow)
    return 204, None


@route("GET", "environments/{name}", "actions=read")
def _get_environment(api: GitHubApi, call: Call, name: str) -> tuple[int, Any]:
    return 200, {"name": name, "protection_rules": []} | _found(api.environments, name)


@route("GET", "environments/{name}/variables", "environments=read")
def _list_variables(api: GitHubApi, call: Call, name: str) -> tuple[int, Any]:
    _found(api.environments, name)
    found = api.variables.get(name, {})
    return _listed("variables", [{"name": each, "value": value} for each, value in found.items()])


@route("GET", "environments/{name}/secrets", "environments=read")
def _list_secrets(api: GitHubApi, call: Call, name: str) -> tuple[int, Any]:
    _found(api.environments, name)
    return _listed("secrets", [{"name": each} for each in sorted(api.secrets.get(name, ()))])


@route("GET", "rules/branches/{branch}")
def _list_rules(api: GitHubApi, call: Call, branch: str) -> tuple[int, Any]:
    return 200, api.rules


@route("GET", "branches/{branch}", "contents=read")
def _get_branch(api: GitHubApi, call: Call, branch: str) -> tuple[int, Any]:
    return 200, {"name": branch, "protected": False, "protection": {"enabled": False}}


@route("GET", "collaborators")
def _list_collaborators(api: GitHubApi, call: Call) -> tuple[int, Any]:
    """Of `permission` or more, as the documentation of the REST API says."""
    if call.query.get("permission") != "push":
        raise Refusal(422, "this stand-in lists collaborators with permission=push")
    writers = [login for login, role in api.permissions.items() if role in ("admin", "maintain", "write")]
    return 200, [_user(login) for login in writers]


@route("GET", "collaborators/{login}/permission")
def _get_permission(api: GitHubApi, call: Call, login: str) -> tuple[int, Any]:
    role = _found(api.permissions, login)
    older = {"maintain": "write", "triage": "read"}.get(role, role)
    return 200, {"permission": older, "role_name": role, "user": _user(login)}


@route("GET", "/{kind}/{owner}/packages/container/{name}/versions", "packages=read")
def _list_versions(api: GitHubApi, call: Call, kind: str, owner: str, name: str) -> tuple[int, Any]:
    _expect_owner(api, kind, owner)
    return 200, _found(api.packages, name)


@route("DELETE", "/{kind}/{owner}/packages/container/{name}/versions/{version}", "packages=write")
def _delete_version(
    api: GitHubApi, call: Call, kind: str, owner: str, name: str, version: str
) -> tuple[int, Any]:
    _expect_owner(api, kind, owner)
    versions = _found(api.packages, name)
    found = _found({each["id"]: each for each in versions}, int(version))
    tagged = [each for each in versions if each["metadata"]["container"]["tags"]]
    if tagged == [found]:
        raise Refusal(400, "You cannot delete the last tagged version of a package.")
    versions.remove(found)
    return 204, None


def _expect_owner(api: GitHubApi, kind: str, owner: str) -> None:
    if kind != ("orgs" if api.about["owner_type"] == "Organization" else "users") or owner != OWNER:
        raise Refusal(404, "Not Found")


@contextmanager
def running_github_api() -> Iterator[GitHubApi]:
    api, one_at_a_time = GitHubApi(), Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            parts = urlsplit(self.path)
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            body = json.loads(content) if content else None
            with one_at_a_time:
                call = Call(self.command, parts.path, dict(parse_qsl(parts.query)), body, token)
                status, document, headers = api.answer(call)
            answer = b"" if status == 204 else json.dumps(document).encode()
            self.send_response(status)
            sent = {"Content-Type": "application/json; charset=utf-8", "Content-Length": str(len(answer))}
            for name, value in (sent | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer)

        do_POST = do_PATCH = do_PUT = do_DELETE = do_GET  # noqa: N815 - http.server's names

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        api.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield api
        finally:
            server.shutdown()
            thread.join()
