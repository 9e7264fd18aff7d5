"""What holds for any file, whatever it is written in."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from engine.tests.conventions.images import pins
from engine.tests.conventions.rules import breach, found, lines, programs, rule

FOLDERS = (
    ".github",
    "bench",
    "components",
    "demo",
    "docs",
    "engine",
    "infra",
    "local_kfp",
    "pipelines",
    "scripts",
    "tests",
)
SHELL = ("Makefile", ".ci/run", *(f"{folder}/**/*.{kind}" for folder in FOLDERS for kind in ("sh", "yml")))
TEXTS = (
    *SHELL,
    "*.*",
    *(f"{folder}/**/*.{kind}" for folder in FOLDERS for kind in ("py", "md", "txt", "yaml")),
)
INDEX = "index" + "-url"  # in two parts, so that this file keeps its own rule


@rule(breach(".ci/run:2", "set -e\nmake test || true\n"))
def failures_are_not_swallowed(root: Path) -> Iterator[str]:
    for where, line in lines(root, *SHELL):
        if re.search(r"\|\|\s*(true|:)(\s|$)|set \+e|continue-on-error: true", line):
            yield f"{where}: expected a failure to be told, found {line.strip()}"


@rule(
    breach("scripts/gate.py:1", 'DATA = "{root}/data/flights"\n'),
    breach("requirements.txt:1", f"--{INDEX} https://packages.example/simple\n"),
)
def no_machine_is_named(root: Path) -> Iterator[str]:
    for where, line in lines(root, *TEXTS):
        if named := re.search(rf"{re.escape(str(root))}\b|{INDEX}", line):
            yield f"{where}: expected what is true on every machine, found {named[0]}"


@rule(
    breach(
        "scripts/gate.py:2",
        'import os\nurl = os.environ.get("KUBEFLOW_HOST")\n',
        {"README.md": "# Settings\n"},
    )
)
def environment_variables_are_documented(root: Path) -> Iterator[str]:
    documented = "".join(path.read_text() for _, path in found(root, "README.md", "docs/**/*.md"))
    for name, tree in programs(root):
        for node in ast.walk(tree):
            match node:
                case (
                    ast.Subscript(ast.Attribute(attr="environ"), ast.Constant(str(variable)), ast.Load())
                    | ast.Call(
                        ast.Attribute(ast.Attribute(attr="environ"), "get"), [ast.Constant(str(variable)), *_]
                    )
                    | ast.Call(ast.Attribute(attr="getenv"), [ast.Constant(str(variable)), *_])
                ) if variable not in documented and not re.fullmatch("HOME|PATH|(AWS|GITHUB)_.*", variable):
                    yield f"{name}:{node.lineno}: expected {variable} in README.md or docs/"


@rule(
    breach(
        ".pre-commit-config.yaml:1",
        "additional_dependencies: [ruff==0.1.0]\n",
        {"requirements-dev.txt": "ruff==0.17.6\n"},
    )
)
def hooks_are_locked_as_the_project(root: Path) -> Iterator[str]:
    locked = {package: version for _, package, version, _ in pins(root / "requirements-dev.txt")}
    for where, line in lines(root, ".pre-commit-config.yaml"):
        for package, version in re.findall(r"([\w-]+)==([\w.]+)", line):
            if version != locked.get(package):
                yield f"{where}: expected the project's {package}=={locked.get(package)}, found {version}"


@rule(
    breach("components/load_data/main.py:1", ""),
    breach("scripts/gate.py:1", ""),
    breach("pipelines/training.py:1", ""),
)
def tests_mirror_the_tree(root: Path) -> Iterator[str]:
    for name, path in found(root, "components/*/main.py", "scripts/**/*.py", "pipelines/*.py"):
        tested = path.parent.name if name.startswith("components/") else path.stem
        if not any(found(root, *(f"{place}/**/test_{tested}*.py" for place in ("tests", "engine/tests")))):
            yield f"{name}:1: expected tests/{name.partition('/')[0]}/test_{tested}.py"
