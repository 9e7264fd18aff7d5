"""The harness tells what ran and how it ended, and the stand-ins refuse what the real actions refuse."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.tests.docker_registry import PASSWORD, USER, htpasswd, running_registry
from engine.tests.project import Project
from engine.tests.workflows.act import Runner
from engine.tests.workflows.origin import FORK

EVENTS = ["push", "pull_request", "workflow_run"]
CHECKOUT = "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1"
SETUP_PYTHON = "actions/setup-python@5fda3b95a4ea91299a34e894583c3862153e4b97"
CACHE = "actions/cache/restore@27d5ce7f107fe9357f9df03efb73ab90386fccae"
UPLOAD = "actions/upload-artifact@bbbca2ddaa5d8feaa63e36b76fdaad77386f024f"
DOWNLOAD = "actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c"
LOG_IN = "docker/login-action@dbcb813823bdd20940b903addbd779551569679f"
BUILD = "docker/build-push-action@53b7df96c91f9c12dcc8a07bcb9ccacbed38856a"
ATTEST = "actions/attest@1e69f48acb82d1966a394da916b4c1698aa569d6"


def job(*steps: dict, **more) -> dict:
    return {"runs-on": "ubuntu-24.04", "steps": [*steps], **more}


def uses(action: str, **inputs) -> dict:
    name = inputs.pop("step", action)
    return {"name": name, "uses": action, "with": {key.replace("_", "-"): inputs[key] for key in inputs}}


@pytest.fixture
def workflow(tmp_path: Path, on_github: Callable[..., Runner]) -> Callable[..., Runner]:
    """Call it with jobs, and there is a repository whose w.yml has them."""

    def create(jobs: dict) -> Runner:
        project = Project(tmp_path / "small")
        folder = project.root / ".github/workflows"
        folder.mkdir(parents=True)
        (folder / "w.yml").write_text(json.dumps({"name": "w", "on": EVENTS, "jobs": jobs}))
        project.git("init", "--quiet", "--initial-branch", "main")
        project.commit()
        return on_github(project)

    return create


def test_a_run_tells_what_ran_and_how_it_ended(workflow) -> None:
    github = workflow(
        {
            "plan": job(
                {"name": "tell", "id": "tell", "run": "echo 'of=[1, 2]' >> $GITHUB_OUTPUT; echo said"},
                {"name": "sum up", "run": "echo '# Plan' >> $GITHUB_STEP_SUMMARY"},
                {"name": "left out", "if": "failure()", "run": "exit 1"},
                outputs={"of": "${{ steps.tell.outputs.of }}"},
            ),
            "build": job(
                {"name": "two fails", "run": "exit $(( ${{ matrix.of }} - 1 ))"},
                needs="plan",
                strategy={"matrix": {"of": "${{ fromJSON(needs.plan.outputs.of) }}"}},
            ),
            "after": job({"run": "true"}, needs="build"),
            "elsewhere": job({"run": "true"}, **{"runs-on": "macos-latest"}),
            "last": job(
                {
                    "run": "test $SECRET$VARIABLE = hiddenshown",
                    "env": {"SECRET": "${{ secrets.S }}", "VARIABLE": "${{ vars.V }}"},
                },
                needs=["after"],
                **{"if": "always()"},
            ),
        }
    )
    github.secrets, github.variables = {"S": "hidden"}, {"V": "shown"}
    event = github.origin.on_main("push")

    run = github.run("w.yml", event)

    assert run.status == 1
    assert run.results == {"plan": "success", "build": "failure", "last": "success"}
    assert {job.matrix["of"]: job.result for job in run.jobs["build"]} == {1: "success", 2: "failure"}
    plan = run.job("plan")
    assert (plan.steps["tell"].outputs, plan.steps["tell"].printed) == ({"of": "[1, 2]"}, "said\n")
    assert (plan.summary, "left out" in plan.steps) == ("# Plan\n", False)

    foreign = github.origin.pull_request(github.origin.project, repository=FORK)
    last = github.run("w.yml", foreign, jobs=["last"], given={"after": "skipped"})
    assert last.results == {"last": "failure"}, "a fork has neither secrets nor variables"
    alone = github.run("w.yml", event, jobs=["after"], given={"build": {"digest": "sha256:0"}})
    assert alone.results == {"build": "success", "after": "success"}


def test_stand_ins_do_what_the_actions_do(workflow, tmp_path: Path) -> None:
    with running_registry(tmp_path, auth=htpasswd(tmp_path)) as registry:
        github = workflow(
            {
                "one": job(
                    uses(CHECKOUT, fetch_depth=2, persist_credentials=False),
                    {"run": "git worktree add --quiet candidate HEAD && git checkout --quiet HEAD^1"},
                    {"run": "test -f candidate/new && ! test -f new && ! git fetch --quiet origin main"},
                    uses(SETUP_PYTHON, python_version="3.11"),
                    uses(CACHE, path=".venv", key="k") | {"id": "cache"},
                    {"run": ".venv/bin/python -c 'import kfp, sys; assert sys.prefix.endswith(\".venv\")'"},
                    {"run": "mkdir -p b/.h; touch b/1 b/2 b/.h/3 c.html"},
                    uses(UPLOAD, step="1", name="d-1", path="b/1"),
                    uses(UPLOAD, step="2", name="d-2", path="b/*\n!b/1"),
                    uses(UPLOAD, step="page", path="c.html", archive=False),
                    uses(LOG_IN, registry=registry.host, username=USER, password=PASSWORD),
                    {"run": "grep -q auths $DOCKER_CONFIG/config.json"},
                ),
                "two": job(
                    uses(DOWNLOAD, pattern="d-*", path="all", merge_multiple=True),
                    uses(DOWNLOAD, step="page", name="c.html"),
                    {"run": 'test "$(ls -m all)" = "1, 2"; test -f c.html -a -z "$DOCKER_CONFIG"'},
                    needs="one",
                ),
            }
        )
        change = github.origin.project.copied_to(tmp_path / "change")
        (change.root / "new").touch()
        change.commit()

        run = github.run("w.yml", github.origin.pull_request(change))

    assert run.results == {"one": "success", "two": "success"}, run.printed
    assert run.job("one").steps[CACHE].outputs["cache-hit"] == "true"
    assert [inputs["name"] for inputs in run.used("actions/upload-artifact")] == ["d-1", "d-2", "artifact"]


def test_stand_ins_refuse_what_the_actions_refuse(workflow, tmp_path: Path) -> None:
    refused = {
        "no repository": (CHECKOUT, {"repository": "you/nothing"}, "Not Found"),
        "a fork's code": (CHECKOUT, {"ref": "refs/pull/12/merge"}, "Refusing to check out"),
        "a branch": (CHECKOUT, {"ref": "nowhere"}, "could not be found"),
        "another Python": (SETUP_PYTHON, {"python-version": "3.1"}, "was not found"),
        "a key": (CACHE, {"path": ".venv", "key": "a,b"}, "Key Validation"),
        "a name": (UPLOAD, {"name": "a/b", "path": "x"}, "not valid"),
        "no files": (UPLOAD, {"path": "y", "if-no-files-found": "error"}, "No files were found"),
        "two pages": (UPLOAD, {"path": "x*", "archive": False}, "only a single file"),
        "a name again": (UPLOAD, {"path": "x"}, "already exists"),
        "no artifact": (DOWNLOAD, {"name": "nothing"}, "not found"),
        "an empty password": (LOG_IN, {"username": "you", "password": ""}, "Password required"),
        "no tag": (BUILD, {"context": ".", "push": True}, "tag is needed"),
        "no digest": (ATTEST, {"subject-name": "r/n", "subject-digest": "sha256:1"}, "must be sha256"),
    }
    steps = [
        uses(action, step=name, **inputs) | {"continue-on-error": True}
        for name, (action, inputs, _) in refused.items()
    ]
    before = {"run": "touch x x2 Dockerfile"}, uses(UPLOAD, step="once", path="x")
    github = workflow({"refused": job(*before, *steps)})
    fork = github.origin.pull_request(github.origin.project.copied_to(tmp_path / "fork"), repository=FORK)
    pull = fork.payload["pull_request"]["head"]
    payload = {"workflow_run": {"head_repository": FORK, "head_sha": pull["sha"], "event": "pull_request"}}

    run = github.run("w.yml", github.origin.on_main("workflow_run", payload))

    found = {name: step for name, step in run.job("refused").steps.items() if name in refused}
    said = {name: step.printed for name, step in found.items() if step.result == "failure"}
    assert {name for name, (_, _, why) in refused.items() if why not in said.get(name, "")} == set(), said


@pytest.mark.parametrize(
    ("step", "why"),
    [
        ({"uses": "someone/action@v1"}, "pinned by its SHA"),
        ({"uses": f"someone/action@{'0' * 40}"}, "nothing stands in"),
        (uses(CHECKOUT, fetch_dept=2), "no input fetch-dept"),
    ],
)
def test_an_action_or_input_that_is_unknown_is_reported(workflow, step: dict, why: str) -> None:
    github = workflow({"one": job(step)})

    with pytest.raises(AssertionError, match=why):
        github.run("w.yml", github.origin.on_main("push"))
