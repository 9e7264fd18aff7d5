"""What pr.yml relies on: a pull request that brings an update runs the new pr.yml with its base's scripts and
actions. interface_of_1.json lists what every 1.x has, the commit before 1.0.0 included: add, never rename.
What was added since is used only where the base has it; GitHub ignores an input that an action has not."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from engine.tests.conventions.workflow_files import documents, script_file
from engine.tests.project import ROOT

INTERFACE = json.loads(Path(__file__).with_name("interface_of_1.json").read_text())
PR = (ROOT / ".github/workflows/pr.yml").read_text()
ADDED = INTERFACE["added"]
GUARDED = re.compile(r"hashFiles\('scripts/ci/prepare_candidate\.py'\)|outputs\.place")
SCRIPT = re.compile(r"(?:exec )?python3? -m scripts\.([\w.]+)(.*)")


def steps(file: str) -> list[dict[str, Any]]:
    """Each step of a workflow once, however often an alias repeats it."""
    (_, workflow), *_ = documents(ROOT, f".github/workflows/{file}")
    found = {
        id(step): {**step, "job": job} for job in workflow["jobs"].values() for step in job.get("steps", [])
    }
    return [*found.values()]


def listed(kind: str, name: str, key: str, guarded: bool) -> set[str]:
    """What a step may use of a script or an action."""
    old, new = INTERFACE[kind].get(name, {}), ADDED[kind].get(name, {})
    return {*old.get(key, [])} | {*(new.get(key, []) if guarded else [])}


@pytest.mark.parametrize("step", steps("pr.yml"), ids=lambda step: step["name"])
def test_pr_uses_the_interface_alone(step: dict[str, Any]) -> None:
    outputs = {*re.findall(rf"steps\.{step['id']}\.outputs\.([\w-]+)", PR)} if "id" in step else set()
    guarded = bool(GUARDED.search(f"{step.get('if', '')} {step['job'].get('if', '')}"))
    if action := re.fullmatch(r"\./\.github/actions/([\w-]+)", step.get("uses", "")):
        assert {*step.get("with", {})} <= listed("actions", action[1], "inputs", True)
        assert outputs <= listed("actions", action[1], "outputs", guarded)
    elif script := SCRIPT.fullmatch(step.get("run", "")):
        added = {*re.findall(r"--[a-z-]+", "".join(re.findall(r"\$\{PLACE:\+[^}]*\}", script[2])))}
        options = {*re.findall(r"--[a-z-]+", script[2])}
        assert options - added <= listed("scripts", script[1], "options", guarded)
        assert added <= listed("scripts", script[1], "options", True)
        assert guarded or script[1] in INTERFACE["scripts"]
        assert outputs <= listed("scripts", script[1], "outputs", guarded)
    else:
        assert step.get("run", "git ").startswith("git ") or "@" in step["uses"]


@pytest.mark.parametrize(
    ("name", "listed"), [*INTERFACE["scripts"].items(), *INTERFACE["added"]["scripts"].items()]
)
def test_each_script_of_the_interface_has_its_options_and_outputs(
    name: str, listed: dict[str, list[str]]
) -> None:
    command = [sys.executable, "-m", f"scripts.{name}", "--help"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert {*listed["options"]} <= {*re.findall(r"--[a-z-]+", printed)}
    text = script_file(ROOT, name).read_text()
    assert not [output for output in listed["outputs"] if not re.search(rf"set_outputs\(.*\b{output}=", text)]


@pytest.mark.parametrize("name", INTERFACE["actions"])
def test_each_action_of_the_interface_has_its_inputs_and_outputs(name: str) -> None:
    action = yaml.safe_load((ROOT / f".github/actions/{name}/action.yml").read_text())
    listed = INTERFACE["actions"][name]
    assert {*listed["inputs"]} <= {*action.get("inputs", {})}
    assert {*listed["outputs"]} <= {*action.get("outputs", {})}


@pytest.mark.parametrize("file", ["pr.yml", "run-tests.yml"])
def test_every_step_has_a_name(file: str) -> None:
    assert not [step for step in steps(file) if "name" not in step]


def test_no_block_of_variables_stands_twice_in_pr() -> None:
    blocks = [frozenset(block.items()) for block in distinct_blocks()]
    assert len(blocks) == len({*blocks})


def distinct_blocks() -> Iterator[dict[str, str]]:
    """Each `env:` block of pr.yml once; an alias is the block that it names."""
    found = {id(step["env"]): step["env"] for step in steps("pr.yml") if "env" in step}
    yield from found.values()
