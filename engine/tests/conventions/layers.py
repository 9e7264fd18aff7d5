"""Which part of the project may import which."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from pathlib import Path

from engine.tests.conventions.rules import Breach, breach, imports, programs, rule

STANDS_ALONE = "local_kfp"
OWN_METRICS = "components.metrics"
"""The user's metrics, which the engine judges by."""
OF_USERS = ("components", "demo", "pipelines", "scripts", "tests")
OF_THE_PROJECT = ("bench", "engine", *OF_USERS)


@rule(
    breach("engine/judging/a.py:1", "from ..reporting import b\n"),
    breach("engine/judging/a.py:1", "from . import b\n"),
    breach(
        "engine/judging/a.py:2", "from importlib import import_module\nb = import_module('.b', 'engine')\n"
    ),
)
def imports_are_absolute(root: Path) -> Iterator[str]:
    for name, tree in programs(root):
        for line, module, _ in dependencies(tree):
            if module.startswith("."):
                yield f"{name}:{line}: expected a module by its full name, found {module}"


@rule(
    Breach(
        "engine/judging/a.py:1",
        {
            "engine/judging/a.py": "from engine.reporting import b\n",
            "engine/reporting/b.py": "from engine.judging.a import c\n",
        },
    ),
    Breach(
        "engine/gate/a.py:1",
        {
            "engine/gate/a.py": "from engine.images.b import c\n",
            "engine/images/b.py": "from engine.github.c import d\n",
            "engine/github/c.py": "from engine.gate.a import e\n",
        },
    ),
    *(
        Breach(
            "engine/judging/a.py:1",
            {
                "engine/judging/a.py": f"{function}('engine.reporting.b')\n",
                "engine/reporting/b.py": "from engine.judging.a import c\n",
            },
        )
        for function in ("import_module", "importlib.import_module", "__import__")
    ),
)
def rooms_of_the_engine_are_layers(root: Path) -> Iterator[str]:
    lines: dict[tuple[str, str], str] = {}
    rooms: dict[str, set[str]] = defaultdict(set)
    for name, tree in programs(root, "engine"):
        room = room_of(name.removesuffix(".py").replace("/", "."))
        for line, module, imported in dependencies(tree):
            other = room_of(f"{module}.{imported}")
            if other and other != room:
                rooms[room].add(other)
                lines.setdefault((room, other), f"{name}:{line}")
    try:
        TopologicalSorter(rooms).prepare()
    except CycleError as error:
        circle = error.args[1][::-1]  # each imports the next
        first = min(pairwise(circle), key=lines.__getitem__)
        yield f"{lines[first]}: expected rooms without a circle, found {' -> '.join(circle)}"


def dependencies(tree: ast.Module) -> Iterator[tuple[int, str, str]]:
    """Line, module and name of each import, also of a module that `import_module` gets as a constant."""
    yield from imports(tree)
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                ast.Name("import_module" | "__import__") | ast.Attribute(attr="import_module"),
                [ast.Constant(str(module)), *_],
            ):
                yield node.lineno, module, ""


def room_of(module: str) -> str:
    """The room of the engine that a module is in; nothing for a module of another package."""
    package, _, rest = module.partition(".")
    return rest.partition(".")[0] if package == "engine" else ""


@rule(
    breach("engine/gate/a.py:1", "from components.load_data.component import load_data\n"),
    breach("engine/gate/a.py:1", "from scripts.gate import main\n"),
    breach("engine/gate/a.py:1", "import_module('scripts.gate')\n"),
)
def the_engine_imports_nothing_of_a_user(root: Path) -> Iterator[str]:
    for name, tree in programs(root, "engine"):
        for line, module, _ in dependencies(tree):
            if module.partition(".")[0] in OF_USERS and module != OWN_METRICS:
                yield f"{name}:{line}: expected nothing of {', '.join(OF_USERS)}, found {module}"


@rule(
    breach("local_kfp/server/a.py:1", "from engine.command_line import WorldError\n"),
    breach("local_kfp/server/a.py:1", "from bench.flights_year import rows\n"),
    breach("local_kfp/server/a.py:1", "import_module('engine.command_line')\n"),
)
def the_local_server_stands_alone(root: Path) -> Iterator[str]:
    for name, tree in programs(root, STANDS_ALONE):
        for line, module, _ in dependencies(tree):
            if module.partition(".")[0] in OF_THE_PROJECT:
                yield f"{name}:{line}: expected nothing of the project, found {module}"


@rule(
    breach("scripts/gate.py:1", "from components.compare_models.main import main\n"),
    breach("pipelines/training.py:1", "from components.train_model.main import main\n"),
)
def components_are_imported_by_pipelines_alone(root: Path) -> Iterator[str]:
    for name, tree in programs(root):
        for line, module, _ in dependencies(tree):
            package, _, rest = module.partition(".")
            component, _, part = rest.partition(".")
            if (
                package != "components"
                or module == OWN_METRICS
                or name.startswith(f"components/{component}/")
            ):
                continue
            if not (name.startswith("pipelines/") and part == "component"):
                yield f"{name}:{line}: expected a room of engine/, found {module}"
