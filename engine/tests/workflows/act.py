"""Runs a workflow as GitHub would, by act on this machine, with stand-ins for third-party actions.

What act does not know (permissions, environments, concurrency, filters of events) the conventions hold."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from itertools import count
from pathlib import Path
from typing import Any

import yaml

from engine.tests.containers.container_engine import CACHE, STORE
from engine.tests.project import ROOT
from engine.tests.workflows.origin import NAME, Event, Origin

STANDINS = ROOT / "engine/tests/standins/actions"
ACT = Path(sys.executable).with_name("act")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
TOKEN = "a-token-of-this-run"
PINNED = re.compile(r"(?P<repository>[\w.-]+/[\w.-]+)(?P<path>(/[\w.-]+)*)@(?P<sha>[0-9a-f]{40})")
SECONDS = 240
Document = dict[str, Any]


@dataclass
class Step:
    """A step that ran: its result, its outputs, and what was printed meanwhile."""

    result: str = "cancelled"
    outputs: dict[str, str] = field(default_factory=dict)
    printed: str = ""
    seconds: float = 0.0


@dataclass
class Job:
    """A job that ran, once for each item of its matrix."""

    matrix: Document
    steps: dict[str, Step] = field(default_factory=dict)
    summary: str = ""
    ended: str = "cancelled"

    @property
    def result(self) -> str:
        """As act says; but in a matrix it counts each failure against all: there, the worst of the steps'."""
        if not self.matrix:
            return self.ended
        results = {step.result for step in self.steps.values()}
        return next((each for each in ("cancelled", "failure") if each in results), "success")

    def step(self, part: str) -> Step:
        """The only step that ran with `part` in its name."""
        (name,) = [name for name in self.steps if part in name]
        return self.steps[name]


@dataclass
class Run:
    """What came of a workflow. A job that is not in `jobs` did not run, whatever the reason."""

    status: int
    jobs: dict[str, list[Job]] = field(repr=False)
    printed: str = field(repr=False)
    artifacts: Path
    log: list[Document] = field(repr=False)

    @property
    def results(self) -> dict[str, str]:
        """By job, a called one as `caller / job`: failure where any of its matrix failed."""
        ranked = ("success", "failure", "cancelled")
        return {name: max((job.result for job in jobs), key=ranked.index) for name, jobs in self.jobs.items()}

    def job(self, name: str) -> Job:
        """The only run of that job."""
        (job,) = self.jobs[name]
        return job

    def used(self, action: str) -> list[Document]:
        """The inputs of each use of a third-party action."""
        return [each["inputs"] for each in self.log if each["action"] == action]


@dataclass
class Started:
    """A workflow that goes on."""

    process: subprocess.Popen[str]
    read: Callable[[str, int], Run]
    ended: bool = False

    def end(self) -> Run:
        """What came of it, once it has ended by itself."""
        self.ended = True
        try:
            output, _ = self.process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        return self.read(output, self.process.returncode)


@dataclass
class Runner:
    """Runs the workflows of an origin; `secrets` and `variables` reach an event that may have them."""

    origin: Origin
    home: Path
    environment: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=lambda: count(1001))

    def run(
        self,
        workflow: str,
        event: Event,
        *,
        jobs: Iterable[str] = (),
        given: Mapping[str, Document | str] | None = None,
        **environment: str,
    ) -> Run:
        """Run the file `workflow` of the event's commit; or `jobs` of it alone, for which the other jobs that
        they need are `given`: by name, the outputs of one that succeeded, or "failure" or "skipped"."""
        with self.started(workflow, event, jobs=jobs, given=given, **environment) as started:
            return started.end()

    @contextmanager
    def started(
        self,
        workflow: str,
        event: Event,
        *,
        jobs: Iterable[str] = (),
        given: Mapping[str, Document | str] | None = None,
        **environment: str,
    ) -> Iterator["Started"]:
        """Such a run while it goes on; it does not outlive the block."""
        number = str(next(self.numbers))
        folder = self.home / number
        checkout = self._checkout(event, folder)
        write_sudo(folder / "bin")
        file = checkout / ".github/workflows" / workflow
        standins = stood_in(checkout)
        described = {path.name: in_words_of_act(path) for path in file.parent.glob("*.yml")}[workflow]
        if jobs:
            file.write_text(json.dumps(alone(described, [*jobs], given or {})))
        (folder / "event.json").write_text(json.dumps(event.payload))
        process = subprocess.Popen(
            [
                *(ACT, event.name, "--json", "--rm", "--pull=false", "--no-cache-server"),
                *("--no-skip-checkout", "--use-gitignore=false", "--defaultbranch=main"),
                *(f"--directory={checkout}", f"--workflows={file}", f"--actor={event.actor}"),
                *("--platform=ubuntu-24.04=-self-hosted", f"--action-cache-path={folder / 'act'}"),
                f"--eventpath={folder / 'event.json'}",
                *(f"--local-repository={pinned}={path}" for pinned, path in standins.items()),
                *self._files(folder, event, number, environment),
            ],
            cwd=folder,
            env={
                "PATH": f"{folder / 'bin'}:{PATH}",
                "HOME": str(folder),
                "GIT_CONFIG_GLOBAL": "/dev/null",
                "NO_COLOR": "1",
                "TERM": "dumb",
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started = Started(process, partial(self._read, number, described))
        try:
            yield started
        finally:
            if not started.ended:
                process.send_signal(signal.SIGINT)
                print(started.end().printed)

    def _checkout(self, event: Event, folder: Path) -> Path:
        """Where act finds workflow file and commit, and nothing else: jobs check out by themselves."""
        checkout = folder / "workflows"
        folder.mkdir(parents=True)
        git = ["git", "-C", str(self.origin.git_dir), "worktree", "add", "--quiet", "--detach"]
        subprocess.run([*git, "--no-checkout", checkout, event.sha], check=True)
        subprocess.run(["git", "-C", checkout, "checkout", "--quiet", "HEAD", "--", ".github"], check=True)
        return checkout

    def _files(
        self, folder: Path, event: Event, number: str, environment: Mapping[str, str]
    ) -> Iterable[str]:
        standins = {
            "PRE_COMMIT_HOME": os.environ.get("PRE_COMMIT_HOME", str(CACHE / "pre-commit")),
            "MYPY_CACHE_DIR": str(ROOT / ".mypy_cache"),  # by content: a checkout's is cold, and takes 30 s
            "STANDINS_ROOT": str(ROOT),
            "STANDINS_PYTHON": sys.executable,
            "STANDINS_FOLDER": str(self.origin.folder),
            "STANDINS_ENGINE": str(STORE),
            "STANDINS_CACHED": json.dumps(cached(self.home.parent)),
        }
        github = {"GITHUB_REPOSITORY": NAME, "GITHUB_REF": event.ref, "GITHUB_RUN_ID": number}
        secrets = {"GITHUB_TOKEN": TOKEN} | (self.secrets if event.trusted else {})
        for option, values in (
            ("env", self.environment | standins | github | environment),
            ("secret", secrets),
            ("var", self.variables if event.trusted else {}),
        ):
            file = folder / f"{option}.yml"
            file.write_text(json.dumps(values))
            yield f"--{option}-file={file}"

    def _read(self, number: str, described: Document, output: str, status: int) -> Run:
        artifacts = self.origin.folder / "artifacts" / number
        log = self.origin.folder / "log.jsonl"
        used = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
        mine = [each for each in used if each["run"] == number]
        return Run(status, read_jobs(output, described), readable(output), artifacts, mine)


def write_sudo(folder: Path) -> None:
    """As on GitHub's runners, whether or not this machine has one: who runs the tests is root already."""
    folder.mkdir()
    (folder / "sudo").write_text('#!/bin/sh\nexec "$@"\n')
    (folder / "sudo").chmod(0o755)


def in_words_of_act(file: Path) -> Document:
    """Rewrite a workflow as JSON, which is YAML, without what act ignores but also refuses; and return it."""
    described = yaml.safe_load(file.read_text())
    described["on"] = described.pop(True, described.get("on"))  # as YAML 1.1 reads `on`
    for job in described["jobs"].values():
        job.pop("environment", None)
    file.write_text(json.dumps(described))
    return described


def alone(described: Document, jobs: list[str], given: Mapping[str, Document | str]) -> Document:
    """The workflow with those jobs alone, and jobs that give them what they need."""
    kept = {name: described["jobs"][name] for name in jobs}
    needs = {need for job in kept.values() for need in each_of(job.get("needs", []))}
    assert {*given} == needs - {*kept}, f"{', '.join(jobs)} need {', '.join(needs)}"
    for name, came in given.items():
        ends = {"run": "exit 1" if came == "failure" else "exit 0"}
        kept[name] = {"runs-on": "ubuntu-24.04", "if": came != "skipped", "steps": [ends]}
        if isinstance(came, Mapping):
            kept[name]["outputs"] = dict(came)
    return described | {"jobs": kept}


def each_of(names: str | list[str]) -> list[str]:
    return [names] if isinstance(names, str) else names


def stood_in(checkout: Path) -> dict[str, str]:
    """The folder that stands in for each third-party action that the workflows and local actions use, all of
    which pass inputs that the real one has."""
    found = {}
    for file in sorted((checkout / ".github").rglob("*.yml")):
        for step in steps(yaml.safe_load(file.read_text())):
            uses = str(step.get("uses", ""))
            if not uses or uses.startswith("./"):
                continue
            action = PINNED.fullmatch(uses)
            assert action, f"{file.name}: expected an action pinned by its SHA, found {uses}"
            folder = STANDINS / action["repository"].replace("/", "-")
            published = folder / action["path"].strip("/") / "action.yml"
            assert published.is_file(), f"{file.name}: nothing stands in for {uses} at {published}"
            unknown = {*step.get("with", {})} - {*yaml.safe_load(published.read_text())["inputs"]}
            assert not unknown, f"{file.name}: {uses} has no input {', '.join(sorted(unknown))}"
            found[f"{action['repository']}@{action['sha']}"] = str(folder)
    return found


def steps(node: Any) -> Iterable[Document]:
    """Every mapping of a document that uses something."""
    if isinstance(node, dict):
        if "uses" in node:
            yield node
        node = list(node.values())
    for child in node if isinstance(node, list) else ():
        yield from steps(child)


def read_jobs(output: str, described: Document) -> dict[str, list[Job]]:
    """The jobs that ran, from the lines that act printed."""
    callers = {str(job.get("name", name)): name for name, job in described["jobs"].items()}
    found: dict[str, dict[str, Job]] = {}
    for line in lines(output):
        if "jobID" not in line or not ({"step", "jobResult"} & {*line}):
            continue
        name, (first, *called) = line["jobID"], line["job"].split("/")
        if len(called) == 2:  # by the job that called it last, of which act says nothing more
            name = f"{callers.get(first.strip(), first.strip())} / {name}"
        job = found.setdefault(name, {}).setdefault(line["job"], Job(line["matrix"]))
        if line.get("command") == "summary":
            job.summary += line["content"]
        job.ended = line.get("jobResult", job.ended)
        if "step" in line:
            heard(job, line)
    return {name: list(runs.values()) for name, runs in found.items()}


def readable(output: str) -> str:
    """What a person would read on GitHub: each line after the job that it is of."""
    said = (f"{line.get('job', 'act').strip()}: {line['msg'].rstrip()}" for line in lines(output))
    other = (line for line in output.splitlines() if not line.startswith("{"))
    return "\n".join([*said, *other])


def heard(job: Job, line: Document) -> None:
    """Add to a job what act says of one of its steps; what it prints of an action's steps is the action's."""
    stage = line.get("stage", "")
    if stage in ("Pre", "Post") and line.get("stepResult") != "failure":
        return
    own = line["step"].strip()
    step = job.steps.setdefault(own, Step())
    if line.get("raw_output"):
        step.printed += line["msg"]
    elif line["level"] in ("error", "warning"):
        step.printed += f"{line['msg'].strip()}\n"
    if len(line.get("stepID", line.get("stepid"))) > 1:
        return
    if line.get("command") == "set-output":
        step.outputs[line["name"]] = line["arg"]
    if "stepResult" in line:
        step.result = line["stepResult"]
        step.seconds = line.get("executionTime", 0) / 1e9


def lines(output: str) -> Iterable[Document]:
    """act ends its last line of JSON with no line break where it also prints text."""
    decoder = json.JSONDecoder()
    for line in output.splitlines():
        start = line.find("{")
        while 0 <= start < len(line):
            try:
                document, end = decoder.raw_decode(line, start)
            except ValueError:
                break
            yield document
            start = line.find("{", end)


@cache
def cached(folder: Path) -> dict[str, str]:
    """A copy of this virtual environment without its packages, which it has in common with it; and no hooks'
    environments, for PRE_COMMIT_HOME names those of this machine."""
    ours = Path(sys.prefix)
    copy, hooks = folder / "environment", folder / "pre-commit"
    hooks.mkdir()
    (copy / "bin").mkdir(parents=True)
    shutil.copy(ours / "pyvenv.cfg", copy)
    for command in (ours / "bin").iterdir():
        (copy / "bin" / command.name).symlink_to(command.resolve() if "python" in command.name else command)
    for library in ("lib", "lib64", "include"):
        if (ours / library).exists():
            (copy / library).symlink_to((ours / library).resolve())
    for mark in ("installed", "installed-dev", "installed-hooks"):
        (copy / mark).touch()
        os.utime(copy / mark, (0, 0))
    return {".venv": str(copy), "pre-commit": str(hooks)}
