"""How workflows and actions are written: thin wires between events and tested scripts."""

import re
from collections.abc import Iterator
from pathlib import Path

from engine.tests.conventions.rules import Breach, breach, found, lines, rule
from engine.tests.conventions.workflow_files import (
    ACTIONS,
    WORKFLOWS,
    documents,
    jobs,
    listens,
    script_file,
    steps,
    triggers,
)

SCREEN, LONGEST_WORKFLOW, LONGEST_ACTION, MOST_INPUTS = 72, 240, 60, 6
OURS = r'(PYTHONPATH="\$GITHUB_ACTION_PATH/../../.." )?(exec )?python3?( -P)? -m scripts\.(?P<script>[\w.]+)'
TOOLS = r"make|git|cp|python -m pytest|sudo env( \"\w+=\$[\w./-]+\")* (\.ci/run|[\w/]+/on_kind\.sh)"
RUNNER = "${{ vars.RUNS_ON || 'ubuntu-24.04' }}"
PIN = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")
SHA = "0" * 40
WORDS = re.compile(r"[a-z]+(-[a-z]+)*")
W = ".github/workflows/w.yml"
JOB = "jobs:\n  one:\n"
STEP = f"{JOB}    steps:\n      - "
LONGER = {
    ".github/workflows/delivery.yml": 300,
    ".github/workflows/pr.yml": 252,
    ".github/actions/build-image/action.yml": 64,
}
TALLER = {
    (".github/workflows/pr.yml", "plan"): 94,
    (".github/workflows/run-scheduled.yml", "plan"): 75,
}
"""They have the steps and variables that later jobs repeat."""
STEP_NAME = re.compile(r"[A-Z][a-z]+(,? [\w.'-]+){0,5}")
NOT_IMPERATIVE = re.compile(r"\w+(ing|ed|s)\b")


@rule(
    breach(f"{W}:4", f"{STEP}run: |\n          make lint\n          make test\n"),
    breach(f"{W}:4", f"{STEP}run: make lint && make test\n"),
    breach(f"{W}:4", f"{STEP}run: curl https://example.com\n"),
    breach(f"{W}:4", f"{STEP}run: python -m scripts.gates\n"),
    breach(f"{W}:4", f'{STEP}run: make "${{{{ github.head_ref }}}}"\n'),
)
def steps_run_one_line_that_calls_one_script(root: Path) -> Iterator[str]:
    for name, step in steps(root):
        if "run" not in step:
            continue
        where, command = f"{name}:{step.lines['run']}", step["run"]
        ours = re.match(rf"{OURS}(?= |$)", command)
        if "${{" in command:
            yield f"{where}: expected values to pass through env, found an expression in {command!r}"
        elif re.search(r"[\n;|`<>]|&&|\$\(", command):
            yield f"{where}: expected one line that calls one script, found {command!r}"
        elif not ours and not re.match(rf"({TOOLS})(?= |$)", command):
            yield f"{where}: expected a script of ours, found {command!r}"
        elif ours and not (script := script_file(root, ours["script"])).is_file():
            yield f"{where}: expected {script.relative_to(root)}, found no such file"


@rule(
    breach(f"{W}:4", f"{STEP}run: make lint\n"),
    breach(f"{W}:5", f"{STEP}uses: ./.github/actions/set-up\n        name: Setting up\n"),
    breach(f"{W}:4", f"{STEP}name: set up\n        uses: ./.github/actions/set-up\n"),
    breach(f"{W}:4", f"{STEP}name: Sets up\n        uses: ./.github/actions/set-up\n"),
    breach(
        f"{W}:4", f"{STEP}name: Set up all that it may need here\n        uses: ./.github/actions/set-up\n"
    ),
    breach(".github/actions/x/action.yml:3", "runs:\n  steps:\n    - run: make lint\n"),
)
def steps_have_imperative_names(root: Path) -> Iterator[str]:
    for name, step in steps(root):
        title = step.get("name", "")
        if not STEP_NAME.fullmatch(title) or NOT_IMPERATIVE.match(title):
            where = f"{name}:{step.lines.get('name', step.line)}"
            yield f"{where}: expected an imperative name of at most 6 words, found {title or 'none'}"


@rule(
    breach(f"{W}:4", f"{STEP}uses: actions/checkout@v7 # v7.0.1\n"),
    breach(f"{W}:4", f"{STEP}uses: actions/cache@{SHA}\n"),
    breach(
        f"{W}:5",
        f"{STEP}uses: a/b@{SHA} # v1.0.0\n      - uses: a/b@{SHA[:-1]}1 # v1.0.1\n",
    ),
)
def actions_of_others_are_pinned_alike(root: Path) -> Iterator[str]:
    pins: dict[str, str] = {}
    for where, line in lines(root, WORKFLOWS, ACTIONS):
        used = re.match(r"\s*(?:- )?uses: ([^\s.]\S*)(.*)", line)
        if used and not (PIN.fullmatch(used[1]) and re.fullmatch(r" # v\d+\.\d+\.\d+", used[2])):
            yield f"{where}: expected a full SHA and its version, found {used[1]}{used[2]}"
        elif used:
            repository = "/".join(used[1].split("@")[0].split("/")[:2])
            pin = pins.setdefault(repository, used[1].partition("@")[2])
            if not used[1].endswith(pin):
                yield f"{where}: expected {repository} at {pin[:12]} as elsewhere, found {used[1][-40:][:12]}"


@rule(
    breach(f"{W}:4", f"{STEP}uses: actions/checkout@{SHA} # v7.0.1\n"),
    breach(
        f"{W}:4",
        f"{STEP}uses: actions/checkout@{SHA} # v7.0.1\n        with:\n          persist-credentials: true\n",
    ),
)
def checkouts_leave_no_credentials(root: Path) -> Iterator[str]:
    for name, step in steps(root):
        checks_out = step.get("uses", "").startswith("actions/checkout@")
        if checks_out and step.get("with", {}).get("persist-credentials") is not False:
            yield f"{name}:{step.lines['uses']}: expected persist-credentials: false"


@rule(
    breach(f"{W}:2", f"{JOB}    runs-on: {RUNNER}\n"),
    breach(f"{W}:3", f"{JOB}    runs-on: ubuntu-latest\n    timeout-minutes: 5\n"),
)
def jobs_end_in_time_on_a_runner_of_choice(root: Path) -> Iterator[str]:
    for name, _, job, content in jobs(root):
        if "uses" in content:
            continue
        if "timeout-minutes" not in content:
            yield f"{name}:{content.line - 1}: expected timeout-minutes in {job}"
        if content.get("runs-on") != RUNNER:
            yield f"{name}:{content.lines['runs-on']}: expected runs-on: {RUNNER}"


@rule(
    breach(f"{W}:1", "name: workflow\non: push\n"),
    breach(f"{W}:1", "name: w\non: workflow_call\n"),
    Breach(
        ".github/workflows/run-tests.yml:1",
        {".github/workflows/run-tests.yml": "name: run-tests\non: push\n"},
    ),
    breach(f"{W}:4", "name: w\non: push\njobs:\n  runTests:\n    name: runTests\n"),
    breach(f"{W}:5", f"name: w\non: push\n{JOB}    name: Job 1\n"),
    breach(".github/actions/set-up/action.yml:1", "name: Setup\n"),
)
def names_are_nouns_where_they_listen_and_verbs_where_they_are_called(root: Path) -> Iterator[str]:
    for name, workflow in documents(root, WORKFLOWS):
        stem = Path(name).stem
        if workflow["name"] != stem if "name" in workflow else "on" in workflow:
            yield f"{name}:1: expected name: {stem}"
        elif "name" in workflow and listens(workflow) is ("-" in stem):
            kind = (
                "a noun, because it listens"
                if listens(workflow)
                else "a verb and a noun, because it is called"
            )
            yield f"{name}:1: expected {kind}, found {stem}"
        for job, content in workflow.get("jobs", {}).items():
            if not WORDS.fullmatch(job):
                yield f"{name}:{content.line - 1}: expected a name like run-tests, found {job}"
            elif "name" in content and job not in (plainly(content["name"]), *quoted(content["name"])):
                yield f"{name}:{content.lines['name']}: expected name: {job}, found {content['name']}"
    for name, action in documents(root, ACTIONS):
        folder = Path(name).parent.name
        if "name" in action and action["name"].lower().replace(" ", "-") != folder:
            yield f"{name}:{action.lines['name']}: expected the folder's name, found {action['name']}"


def plainly(name: str) -> str:
    return name.split(" ${{")[0].replace(" ", "-")


def quoted(name: str) -> list[str]:
    """What the expression of a name may come to."""
    return re.findall(r"'([^']*)'", name)


@rule(
    breach(f"{W}:241", "# Runs.\n" + "\n" * 240),
    breach(f"{W}:1", "name: w\n"),
    breach(f"{W}:3", "# Runs.\n" + JOB.replace("one", "a") + "    env:\n" + "      A: 1\n" * SCREEN),
    breach(".github/actions/set-up/action.yml:61", "\n" * 61),
)
def workflows_and_actions_are_read_at_a_glance(root: Path) -> Iterator[str]:
    for pattern, limit in ((WORKFLOWS, LONGEST_WORKFLOW), (ACTIONS, LONGEST_ACTION)):
        for name, path in found(root, pattern):
            most = LONGER.get(name, limit)
            if (length := len(path.read_text().splitlines())) > most:
                yield f"{name}:{most + 1}: expected at most {most} lines, found {length}"
    for name, path in found(root, WORKFLOWS):
        header = re.match(r"(#.*\n)*", path.read_text())[0].count("\n")
        if not 1 <= header <= 3:
            yield f"{name}:1: expected 1 to 3 lines that say when it runs and what it leaves, found {header}"
    for name, _, job, content in jobs(root):
        most = TALLER.get((name, job), SCREEN)
        if (height := content.end - content.line + 2) > most:
            yield f"{name}:{content.line - 1}: expected at most {most} lines, found {height} in {job}"


@rule(
    breach(".github/actions/x/action.yml:2", "inputs:\n  image:\n    required: true\n"),
    breach(".github/actions/x/action.yml:2", "outputs:\n  image:\n    value: 1\n"),
    breach(".github/actions/x/action.yml:2", "inputs:\n  image_tag:\n    description: A tag\n"),
    breach(
        ".github/actions/x/action.yml:1",
        "inputs:\n" + "".join(f"  {each}:\n    description: It\n" for each in "abcdefg"),
    ),
    breach(f"{W}:4", "on:\n  workflow_call:\n    inputs:\n      weekly:\n        type: boolean\n"),
)
def inputs_are_few_and_described(root: Path) -> Iterator[str]:
    for name, document in documents(root):
        called = [event for event in triggers(document).values() if isinstance(event, dict)]
        for owner in (document, *called):
            for kind in ("inputs", "outputs"):
                for each, content in owner.get(kind, {}).items():
                    if not content.get("description") or not WORDS.fullmatch(each):
                        where = f"{name}:{owner[kind].lines[each]}"
                        yield f"{where}: expected a name like image-tag and a description, found {each}"
            if len(owner.get("inputs", {})) > MOST_INPUTS:
                yield f"{name}:{owner.lines['inputs']}: expected at most {MOST_INPUTS} inputs"


@rule(
    breach(
        ".github/actions/x/action.yml:2",
        "inputs:\n  image:\n    description: A tag\n",
        {"docs/actions.md": "| `x` | `image` | The image | |\n"},
    ),
    breach(f"{W}:4", f"{STEP}env: {{A: '${{{{ vars.RUNS }}}}'}}\n", {"docs/operating.md": "`RUNS_ON`\n"}),
)
def actions_and_settings_are_documented(root: Path) -> Iterator[str]:
    tables = {name: path.read_text() for name, path in found(root, "docs/*.md")}
    for name, action in documents(root, ACTIONS):
        for kind, prefix in (("inputs", ""), ("outputs", "output ")):
            for each, content in action.get(kind, {}).items():
                row = f"| `{Path(name).parent.name}` | {prefix}`{each}` | {content.get('description')} |"
                if row not in tables.get("docs/actions.md", row):
                    yield f"{name}:{action[kind].lines[each]}: expected in docs/actions.md {row}"
    for where, line in lines(root, WORKFLOWS):
        for setting in re.findall(r"\b(?:vars|secrets)\.(\w+)", line):
            if f"`{setting}`" not in tables.get("docs/operating.md", f"`{setting}`"):
                yield f"{where}: expected `{setting}` in docs/operating.md"
