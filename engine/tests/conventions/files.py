"""What holds for any file, whatever it is written in."""

import ast
import math
import re
from collections.abc import Iterator
from pathlib import Path

from engine.tests.conventions.locks import pins
from engine.tests.conventions.rules import breach, found, lines, modules, rule

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
    "[!.]*.*",
    ".[!g]*",  # not .git, which is a file in a linked worktree
    ".gitignore",
    *(f"{folder}/**/*.{kind}" for folder in FOLDERS for kind in ("py", "md", "txt", "yaml")),
)
INDEX = "index" + "-url"  # in two parts, so that this file keeps its own rule
NEIGHBOUR = "shared"  # a folder beside the template's own checkouts, which a copy does not have
OUTSIDE = rf"\.\./{NEIGHBOUR}\b|\b{NEIGHBOUR}/contracts\b|(?<![\w.}}/-])/(?:home|root|Users|work)/[\w.-]+"
CLIMB = r"(?:\.\./)+(?:\.\.(?![\w.]))?"


@rule(breach(".ci/run:2", "set -e\nmake test || true\n"))
def failures_are_not_swallowed(root: Path) -> Iterator[str]:
    for where, line in lines(root, *SHELL):
        if re.search(r"\|\|\s*(true|:)(\s|$)|set \+e|continue-on-error: true", line):
            yield f"{where}: expected a failure to be reported, found {line.strip()}"


@rule(
    breach("scripts/gate.py:1", 'DATA = "{root}/data/flights"\n'),
    breach("requirements.txt:1", f"--{INDEX} https://packages.example/simple\n"),
)
def no_machine_is_named(root: Path) -> Iterator[str]:
    for where, line in lines(root, *TEXTS):
        if named := re.search(rf"{re.escape(str(root))}\b|{INDEX}", line):
            yield f"{where}: expected what is true on every machine, found {named[0]}"


@rule(
    breach("scripts/gate.py:2", "import os\nDATA = os.listdir('../../data')\n"),
    breach("README.md:1", "[the story](../story.md)\n"),
    breach(".github/actions/set-up/action.yml:1", f"run: make -C $GITHUB_ACTION_PATH/{'../' * 4}\n"),
    breach("engine/tests/scripts/test_gate.py:1", f"reason = 'no ../{NEIGHBOUR}/api.json'\n"),
    breach("docs/kfp.md:1", f"See {NEIGHBOUR}/contracts.\n"),
    breach("bench/bench_gate.py:1", f"DATA = '{'/home'}/ada/flights'\n"),
)
def texts_name_nothing_outside_of_the_checkout(root: Path) -> Iterator[str]:
    for where, line in lines(root, *TEXTS):
        outside = [match[0] for match in re.finditer(OUTSIDE, line)]
        climbs = re.findall(CLIMB, line)
        outside += [climb for climb in climbs if climb.count("..") > where.partition(":")[0].count("/")]
        if outside:
            yield f"{where}: expected a path inside the checkout, found {outside[0]}"


@rule(
    breach("engine/tests/gate/api.py:1", "FILE = Path(__file__).parents[4] / 'api.json'\n"),
    breach("tests/api.py:1", "FILE = Path(__file__).resolve().parents[1].parent\n"),
    breach(
        "scripts/lib/api.py:2",
        "HERE = Path(__file__).parent\nFILE = HERE.parent.parent / '../api.json'\n",
    ),
    breach("scripts/gate.py:2", "TOP = Path(__file__).parents[1]\nFILE = TOP.joinpath('data/../../api')\n"),
    breach("scripts/gate.py:2", "from scripts.lib import ROOT\nFILE = Path(ROOT, '..', 'api.json')\n"),
    breach("scripts/gate.py:1", "FILE = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))\n"),
)
def paths_stay_inside_the_checkout(root: Path) -> Iterator[str]:
    for name, tree in modules(root, *(f"{folder}/**/*.py" for folder in FOLDERS), "*.py"):
        known = {"__file__": name.count("/") + 1.0, "ROOT": 0.0, "_ROOT": 0.0}
        outside = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                known[node.targets[0].id] = levels_below_root(node.value, known)
            elif isinstance(node, ast.expr) and levels_below_root(node, known) < 0:
                outside.add(node.lineno)
        for line in sorted(outside):
            yield f"{name}:{line}: expected a path inside the checkout, found one above its root"


def levels_below_root(node: ast.expr, known: dict[str, float]) -> float:
    """How many folders below the root a path is, negative above it; infinite where that is not known."""
    match node:
        case ast.Name(name):
            return known.get(name, math.inf)
        case ast.Call(ast.Attribute(path, "resolve" | "absolute"), []):
            return levels_below_root(path, known)
        case ast.Call(ast.Attribute(_, "dirname"), [path]) | ast.Attribute(path, "parent"):
            return levels_below_root(path, known) - 1
        case ast.Subscript(ast.Attribute(path, "parents"), ast.Constant(int(number))):
            return levels_below_root(path, known) - 1 - number
        case (
            ast.Call(ast.Name("Path"), [path, *parts])
            | ast.Call(ast.Attribute(path, "joinpath"), parts)
            | ast.BinOp(path, ast.Div(), parts)
        ):
            return descend(levels_below_root(path, known), parts if isinstance(parts, list) else [parts])
    return math.inf


def descend(level: float, parts: list[ast.expr]) -> float:
    """The lowest level on the way along `parts`, if it is above the root, else the level at its end."""
    for part in parts:
        match part:
            case ast.Constant(str(text)):
                for name in text.split("/"):
                    level += -1 if name == ".." else name not in ("", ".")
                    if level < 0:
                        return level
            case _:
                return math.inf
    return level


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


@rule(
    breach(
        "engine/tests/scripts/test_gate.py:1",
        "",
        {"engine/tests/gate/test_gate.py": "", "engine/tests/gate/conftest.py": "", "tests/conftest.py": ""},
    ),
    breach("tests/scripts/test_gate.py:1", "", {"local_kfp/tests/test_gate.py": ""}),
)
def tests_have_names_of_their_own(root: Path) -> Iterator[str]:
    """Without __init__.py in their folders, pytest takes two files of one name for one module."""
    known: dict[str, str] = {}
    for name, path in found(root, *(f"{folder}/**/test_*.py" for folder in FOLDERS)):
        first = known.setdefault(path.name, name)
        if first != name:
            yield f"{name}:1: expected a name that no other test file has, found {first}"
