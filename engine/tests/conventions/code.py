"""How the Python of the project is written."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from engine.tests.conventions.rules import (
    FOLDERS,
    breach,
    first_line,
    imports,
    lines,
    modules,
    programs,
    rule,
)

SCREEN = 60


@rule(breach("components/load_data/main.py:2", "def main():\n    from kfp import dsl\n"))
def only_interfaces_import_kfp(root: Path) -> Iterator[str]:
    for name, tree in modules(root, "components/**/*.py"):
        for line, module, _ in imports(tree):
            if module.partition(".")[0] == "kfp" and not name.endswith("/component.py"):
                yield f"{name}:{line}: expected kfp in component.py only, because images are built without it"


@rule(
    breach("components/load_data/component.py:1", "import os\n"),
    breach("components/load_data/component.py:2", "from kfp import dsl\nROWS = 3\n"),
    breach("components/load_data/component.py:1", "def load_data():\n    return container()\n"),
    breach(
        "components/load_data/component.py:2",
        "@dsl.container_component\ndef load_data(rows):\n    rows += 1\n    return container(rows)\n",
    ),
)
def interfaces_do_no_work(root: Path) -> Iterator[str]:
    for name, tree in modules(root, "components/*/component.py"):
        for node in tree.body:
            match node:
                case ast.Expr(ast.Constant()) | ast.ImportFrom(module="kfp" | "engine.kubeflow.interface"):
                    continue
                case ast.FunctionDef(
                    decorator_list=[ast.Attribute(attr="container_component")],
                    body=[*documentation, ast.Return(ast.Call(ast.Name("container")))],
                ) if all(isinstance(line, ast.Expr) for line in documentation):
                    continue
            yield f"{name}:{node.lineno}: expected only container components that return container(...)"


@rule(breach("scripts/run_pipeline.py:1", "import sys\n"))
def modules_say_what_they_are_for(root: Path) -> Iterator[str]:
    for name, tree in programs(root):
        if not first_line(tree):
            yield f"{name}:1: expected a docstring"


@rule(breach("scripts/run_pipeline.py:251", "\n" * 251))
def files_are_about_one_thing(root: Path) -> Iterator[str]:
    for name, _ in programs(root):
        if (length := len((root / name).read_text().splitlines())) > 250:
            yield f"{name}:251: expected at most 250 lines, found {length}; is it two things?"


@rule(breach("scripts/run_pipeline.py:2", "\ndef main():\n" + "    print()\n" * SCREEN))
def functions_fit_a_screen(root: Path) -> Iterator[str]:
    folders = ({*FOLDERS} - {"pipelines"}) | {"tests"}  # a pipeline is as long as its graph
    for name, tree in modules(root, *(f"{folder}/**/*.py" for folder in folders)):
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and (height := node.end_lineno - node.lineno + 1) > SCREEN:
                yield f"{name}:{node.lineno}: expected at most {SCREEN} lines, found {height} in {node.name}"


@rule(
    breach("engine/kubeflow/endpoint.py:1", "# ------------ helpers\n"),
    breach("Makefile:2", "test:\n##########\n"),
)
def comments_are_no_banners(root: Path) -> Iterator[str]:
    code = (f"{folder}/**/*.py" for folder in (*FOLDERS, "tests"))
    for where, line in lines(root, *code, "Makefile", "mlops.yaml", "components/*/Dockerfile"):
        if re.match(r"\s*#\s*[-=#*~]{4,}", line):
            yield f"{where}: expected a comment that says why, found a banner"


@rule(breach("engine/wording/text.py:1", "value = read()  # type: ignore[arg-type]\n"))
def ignored_types_have_reasons(root: Path) -> Iterator[str]:
    for where, line in lines(root, *(f"{folder}/**/*.py" for folder in (*FOLDERS, "tests"))):
        if re.search(r"# type: ignore(\[[\w, -]+\])?$", line):
            yield f"{where}: expected the reason behind `type: ignore`, found none"


@rule(breach("scripts/gate.py:1", "templates = Environment(loader=files)\n"))
def templates_are_strict(root: Path) -> Iterator[str]:
    for name, tree in programs(root):
        for node in ast.walk(tree):
            match node:
                case ast.Call(ast.Name("Environment") | ast.Attribute(attr="Environment")) if not any(
                    "StrictUndefined" in ast.unparse(option.value) for option in node.keywords
                ):
                    yield f"{name}:{node.lineno}: expected jinja2 with StrictUndefined, found its default"


@rule(breach("scripts/gate.py:1", 'open(folder / "champion.json")\n'))
def one_module_knows_the_model_registry(root: Path) -> Iterator[str]:
    for name, tree in programs(root):
        for node in ast.walk(tree):
            match node:
                case ast.Constant(str(text)) if "champion.json" in text and "model_registry" not in name:
                    yield f"{name}:{node.lineno}: expected a call of model_registry, found its layout"


@rule(breach("scripts/gate.py:1", "from local_kfp.server.store import Store\n"))
def the_local_server_is_reached_by_url(root: Path) -> Iterator[str]:
    for name, tree in programs(root):
        for line, module, imported in imports(tree):
            if module.partition(".")[0] == "local_kfp" and not name.startswith("local_kfp/"):
                yield f"{name}:{line}: expected a URL, found {module}.{imported}"
