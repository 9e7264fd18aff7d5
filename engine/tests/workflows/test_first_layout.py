"""The pull request of an update from commit c57c3cf, the first layout: pr.yml is new, its scripts are not.

first_layout.tar.xz holds that commit's actions and the scripts that a pull request calls. They
parse each command of pr.yml as it is written there, and end before they work.
"""

import re
import shlex
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from engine.tests.workflows.test_interface import ADDED, GUARDED, PR, SCRIPT, steps

RELEASE = Path(__file__).with_name("first_layout.tar.xz")
PARSE_ALONE = """
import argparse, runpy, sys
parse_args = argparse.ArgumentParser.parse_args
def end_after_parsing(*words, **options):
    parse_args(*words, **options)
    sys.exit(0)
argparse.ArgumentParser.parse_args = end_after_parsing
del sys.argv[0]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""
VALUES = {"NUMBER": "7"}
"""Of variables in commands; PLACE is empty, because the first layout makes none."""


@pytest.fixture(scope="module")
def first_layout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("first_layout")
    with tarfile.open(RELEASE) as archive:
        archive.extractall(folder, filter="data")
    return folder


def runs_in_the_first_layout(step: dict[str, Any]) -> bool:
    return not GUARDED.search(f"{step.get('if', '')} {step['job'].get('if', '')}")


CALLS = [step for step in steps("pr.yml") if runs_in_the_first_layout(step)]
COMMANDS = [step for step in CALLS if SCRIPT.fullmatch(step.get("run", ""))]
ACTIONS = [step for step in CALLS if step.get("uses", "").startswith("./.github/actions/")]


def outputs_used(step: dict[str, Any]) -> set[str]:
    """The outputs of a step that pr.yml reads."""
    if "id" not in step:
        return set()
    return {*re.findall(rf"steps\.{step['id']}\.outputs\.([\w-]+)", PR)}


def parsed(first_layout: Path, command: str) -> subprocess.CompletedProcess[str]:
    """The script of the first layout, given this command's arguments."""
    command = re.sub(r"\$\{PLACE:\+[^}]*\}", "", command)
    command = re.sub(r"\$(\w+)", lambda variable: VALUES[variable[1]], command)
    _, words = command.removeprefix("exec ").split(" -m ")
    return subprocess.run(
        [sys.executable, "-c", PARSE_ALONE, *shlex.split(words)],
        cwd=first_layout,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("step", COMMANDS, ids=lambda step: step["name"])
def test_pr_calls_scripts_of_the_first_layout_as_they_are(step: dict[str, Any], first_layout: Path) -> None:
    done = parsed(first_layout, step["run"])
    assert (done.returncode, done.stderr) == (0, "")
    script = SCRIPT.fullmatch(step["run"])
    assert script
    text = (first_layout / f"scripts/{script[1]}.py").read_text()
    made = {*re.findall(r"(\w+)=", "".join(re.findall(r"set_outputs\((.*)\)", text)))}
    assert outputs_used(step) <= made


@pytest.mark.parametrize("step", ACTIONS, ids=lambda step: step["name"])
def test_pr_uses_actions_of_the_first_layout_as_they_are(step: dict[str, Any], first_layout: Path) -> None:
    name = Path(step["uses"]).name
    action = yaml.safe_load((first_layout / step["uses"] / "action.yml").read_text())
    inputs = action.get("inputs", {})
    given = {*step.get("with", {})}
    assert given - {*ADDED["actions"].get(name, {}).get("inputs", [])} <= {*inputs}
    assert {each for each, declared in inputs.items() if declared.get("required")} <= given
    assert outputs_used(step) <= {*action.get("outputs", {})}


def test_a_script_of_the_first_layout_refuses_what_came_later(first_layout: Path) -> None:
    done = parsed(first_layout, "python -m scripts.gate --candidate candidate --handover handover.tar")
    assert (done.returncode, "unrecognized arguments: --handover" in done.stderr) == (2, True)


def test_pr_calls_the_first_layout() -> None:
    called = {match[1] for step in COMMANDS if (match := SCRIPT.fullmatch(step["run"]))}
    assert called >= {"plan_pull_request", "plan_images", "gate", "check_needs"}
    assert {Path(step["uses"]).name for step in ACTIONS} >= {"set-up", "build-image", "keep-report"}
