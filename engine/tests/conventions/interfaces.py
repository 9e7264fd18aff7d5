"""What commands say of themselves, and the interfaces that Kubeflow sees of them."""

import ast
import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from engine.tests.conventions.rules import (
    FOLDERS,
    Breach,
    breach,
    first_line,
    found,
    imports,
    modules,
    parsed,
    programs,
    rule,
)

HEAVY = {"kfp", "pandas", "scipy", "sklearn"}
STARTED_WITH_A_COMMAND = ("engine/serving/kept_process.py", "local_kfp/runner/warm_server.py")
"""Children of this project's programs: they take another command, or tasks by their standard input."""

# Runs a module up to where it would parse its arguments, and prints the parser that it has made by then.
PROBE = """
import argparse, json, runpy, sys

def describe(parser):
    options = {option: action.required for action in parser._actions for option in action.option_strings}
    return {name: required for name, required in options.items() if name not in ("-h", "--help")}

def show(parser, *_, **__):
    subparsers = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    commands = {name: each for action in subparsers for name, each in action.choices.items()} or {"": parser}
    options = {name: describe(each) for name, each in commands.items()}
    print(json.dumps({"description": parser.description, "options": options, "modules": list(sys.modules)}))
    sys.exit()

argparse.ArgumentParser.parse_known_args = show
runpy.run_module(sys.argv[1], run_name="__main__")
"""
PARSE = "import argparse\nparser = argparse.ArgumentParser(description=__doc__)\n"
INTERFACE = """
from kfp import dsl
@dsl.container_component
def load_data(as_of: str, tables: dsl.Output[dsl.Dataset]):
    return dsl.ContainerSpec(
        image="load_data",
        command=["python", "-m", "components.load_data.main"],
        args=["--as-of", as_of, "--tables", tables.path],
    )
"""
MAIN = f"""{PARSE}
parser.add_argument("--as-of", required=True)
parser.add_argument("--tables", required=True)
parser.parse_args()
"""


@rule(
    breach("scripts/gate.py:1", f'"""Gates."""\n{PARSE}parser.description = "?"\nparser.parse_args()\n'),
    breach(
        "scripts/gate.py:1", f'"""Gates."""\n{PARSE}parser.add_argument("--base_ref")\nparser.parse_args()\n'
    ),
    breach("scripts/gate.py:1", f'"""Gates."""\nimport pandas\n{PARSE}parser.parse_args()\n'),
)
def help_is_the_docstring_with_long_options_at_once(root: Path) -> Iterator[str]:
    for name, tree in modules(root, "scripts/**/*.py", "components/*/main.py"):
        if any(imported == "main" for _, _, imported in imports(tree)):
            continue  # an old name of another script
        command = probed(root, name)
        if command["description"] != first_line(tree):
            yield f"{name}:1: expected the docstring's first line as --help, found {command['description']!r}"
        for option in {option for options in command["options"].values() for option in options}:
            if not re.fullmatch(r"--[a-z0-9]+(-[a-z0-9]+)*", option):
                yield f"{name}:1: expected a long option like --image-tag, found {option}"
        if name.startswith("scripts/") and (heavy := HEAVY & {*command["modules"]}):
            yield f"{name}:1: expected no import of {', '.join(heavy)} before it is needed"


@rule(
    breach("engine/x.py:2", 'if __name__ == "__main__":\n    print("| table |")\n'),
    breach("bench/bench_x.py:5", 'def main():\n    pass\n\nif __name__ == "__main__":\n    main()\n'),
)
def commands_take_their_arguments(root: Path) -> Iterator[str]:
    """A module that starts as a program has --help, and refuses arguments that it does not know."""
    for name, tree in programs(root, "bench", *FOLDERS):
        starts = [node for node in tree.body if ast.unparse(node).startswith("if __name__ == '__main__':")]
        called = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        parses = any(each.endswith(("parse_args", "parse_known_args", "parse_arguments")) for each in called)
        another = any(imported == "main" for _, _, imported in imports(tree))
        if starts and not (parses or another or name in STARTED_WITH_A_COMMAND):
            yield f"{name}:{starts[0].lineno + 1}: expected parser(__doc__).parse_args(), found no parser"


@rule(
    *(
        Breach(
            "components/load_data/component.py:4",
            {"components/load_data/component.py": interface, "components/load_data/main.py": main},
        )
        for interface, main in [
            (INTERFACE.replace(', "--tables", tables.path', ""), MAIN),
            (INTERFACE, MAIN.replace("--tables", "--table")),
            (INTERFACE, MAIN.replace("parser.parse", 'parser.add_argument("--window")\nparser.parse')),
            (INTERFACE.replace("as_of", "date"), MAIN),
            (INTERFACE.replace('image="load_data"', 'image="loader"'), MAIN),
            (INTERFACE.replace("load_data.main", "loader.main"), MAIN),
        ]
    )
)
def interfaces_agree_with_main(root: Path) -> Iterator[str]:
    for name, path in found(root, "components/*/component.py"):
        component = path.parent.name
        start = ["python", "-m", f"components.{component}.main"]
        commands = probed(root, f"components/{component}/main.py")["options"]
        containers = interfaces(path)
        for line, container in containers:
            if (container.image, container.command[:3]) != (component, start):
                yield f"{name}:{line}: expected image {component} and command {' '.join(start)}"
                continue
            command = container.command[3:]
            options = commands.get("".join(command), {})
            passed = passed_options(container)
            everywhere = {
                each
                for _, other in containers
                if other.command[3:] == command
                for each in passed_options(other)
            }
            required = {option for option, is_required in options.items() if is_required}
            if odd := (passed - {*options}) | (required - passed) | ({*options} - everywhere):
                yield f"{name}:{line}: expected the options of main.py, differing in {', '.join(sorted(odd))}"
            for option, value in misnamed(container):
                yield f"{name}:{line}: expected one name, found {option} for {value}"


@cache
def probed(root: Path, name: str) -> dict[str, Any]:
    """A command's description, options (required or not) by subcommand, and what it has imported by then."""
    module = name.removesuffix(".py").replace("/", ".")
    probe = subprocess.run(
        [sys.executable, "-c", PROBE, module], cwd=root, capture_output=True, text=True, check=False
    )
    failed = {"description": probe.stderr.strip().rpartition("\n")[2], "options": {}, "modules": []}
    return json.loads(probe.stdout) if probe.stdout.startswith("{") else failed


def interfaces(path: Path) -> list[tuple[int, Any]]:
    """Line and container of each interface of a component.py."""
    spec = importlib.util.spec_from_file_location(path.parent.name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return [
        (node.lineno, getattr(module, node.name).component_spec.implementation.container)
        for node in parsed(path).body
        if isinstance(node, ast.FunctionDef)
    ]


def passed_options(container: Any) -> set[str]:
    return {argument for argument in container.args if str(argument).startswith("--")}


def misnamed(container: Any) -> Iterator[tuple[str, str]]:
    """Options that get an input or output of another name."""
    for option, value in pairwise(container.args):
        name = getattr(value, "input_name", None) or getattr(value, "output_name", None)
        if name and option != f"--{name.replace('_', '-')}":
            yield option, name
