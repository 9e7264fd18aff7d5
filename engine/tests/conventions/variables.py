"""Each environment variable is an entry of engine/environment.py, and is used as that entry says."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from engine.environment import VARIABLES, table
from engine.tests.conventions.rules import breach, found, lines, programs, rule
from engine.tests.conventions.workflow_files import ACTIONS, WORKFLOWS, documents, environments

OF_OTHERS = re.compile(r"CI|HOME|PATH|(GITHUB|RUNNER|ACTIONS)_\w+")  # set by the system and by GitHub
NAME = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")
ENTRY = r'(?:(?:Variable|_secret)\(|^ +)"([A-Z0-9_]+)",'
TABLE = re.compile(r"<!-- environment: .* -->\n(.*)\n<!-- /environment -->", re.DOTALL)
W = ".github/workflows/w.yml"
STEP = "jobs:\n  one:\n    steps:\n      - run: make\n        env:\n          "


@rule(
    breach("README.md:1", "# Settings\n"),
    breach("README.md:1", "<!-- environment: x -->\n| variable |\n<!-- /environment -->\n"),
)
def readme_has_the_table_of_variables(root: Path) -> Iterator[str]:
    for name, path in found(root, "README.md"):
        written = TABLE.search(path.read_text())
        if not written or written[1] != table():
            yield f"{name}:1: expected the table that python -m engine.environment prints, found another"


@rule(
    breach("scripts/gate.py:2", 'import os\nhost = os.environ["KUBEFLOW_HOTS"]\n'),
    breach("scripts/gate.py:2", 'import os\nhost = os.environ.get("KUBEFLOW_HOTS", "")\n'),
    breach("scripts/gate.py:2", 'import os\nhost = os.getenv("KUBEFLOW_HOTS")\n'),
    breach("scripts/gate.py:2", 'import os\nremote = "KUBEFLOW_HOTS" in os.environ\n'),
    breach("engine/images/x.py:2", 'def x(environment):\n    return environment.get("KUBEFLOW_HOTS")\n'),
)
def variables_that_are_read_have_an_entry(root: Path) -> Iterator[str]:
    for name, tree in programs(root):
        for node in ast.walk(tree):
            read = _read(node)
            if NAME.fullmatch(read) and read not in VARIABLES and not OF_OTHERS.fullmatch(read):
                yield f"{name}:{node.lineno}: expected an entry of {read} in engine/environment.py"


def _read(node: ast.AST) -> str:
    """The environment variable that an expression reads; empty where it reads none."""
    match node:
        case (
            ast.Subscript(mapping, ast.Constant(str(read)), ast.Load())
            | ast.Call(ast.Attribute(mapping, "get"), [ast.Constant(str(read)), *_])
            | ast.Compare(ast.Constant(str(read)), [ast.In() | ast.NotIn()], [mapping])
        ) if ast.unparse(mapping) in ("os.environ", "environment"):
            return read
        case ast.Call(ast.Attribute(attr="getenv"), [ast.Constant(str(read)), *_]):
            return read
    return ""


@rule(
    breach(
        "engine/environment.py:1",
        'Variable("KUBEFLOW_HOST", "the endpoint")\n',
        {"scripts/gate.py": "", W: "jobs: {}\n"},
    )
)
def entries_are_used(root: Path) -> Iterator[str]:
    users = found(root, *(f"{folder}/**/*.py" for folder in ("components", "engine", "local_kfp", "scripts")))
    texts = [path.read_text() for name, path in (*users, *found(root, WORKFLOWS, ACTIONS)) if _uses(name)]
    for where, line in lines(root, "engine/environment.py"):
        for entry in re.findall(r'(?:Variable|_secret)\(\s*"(\w+)"', line) or re.findall(
            r'^ +"(\w+)",$', line
        ):
            if entry in VARIABLES and not any(re.search(rf"\b{entry}\b", text) for text in texts):
                yield f"{where}: expected a program or workflow that uses {entry}, found none"


def _uses(name: str) -> bool:
    return "/tests/" not in name and name != "engine/environment.py"


@rule(
    breach(f"{W}:6", STEP + "KUBEFLOW_HOTS: ${{ vars.KUBEFLOW_HOTS }}\n"),
    breach(f"{W}:6", STEP + "ADDRESS: ${{ secrets.KUBEFLOW_HOTS }}\n"),
    breach(f"{W}:6", STEP + "KUBEFLOW_HOST: ${{ secrets.KUBEFLOW_HOST }}\n"),
    breach(f"{W}:6", STEP + "KUBEFLOW_TOKEN: ${{ vars.KUBEFLOW_TOKEN }}\n"),
)
def workflows_take_settings_from_where_they_belong(root: Path) -> Iterator[str]:
    for where, line in lines(root, WORKFLOWS, ACTIONS):
        for context, name in re.findall(r"\b(vars|secrets)\.(\w+)", line):
            entry = VARIABLES.get(name)
            if entry is None:
                yield f"{where}: expected an entry of {name} in engine/environment.py"
            elif entry.secret != (context == "secrets"):
                yield f"{where}: expected {'secrets' if entry.secret else 'vars'}.{name}, found {context}"


@rule(
    breach(f"{W}:6", STEP + "KUBEFLOW_HOTS: https://host\n"),
    breach(f"{W}:6", STEP + "KUBEFLOW_HOST: ${{ vars.AWS_ENDPOINT_URL }}\n"),
    breach(f"{W}:6", STEP + "GITHUB_TOKEN: ${{ inputs.token }}\n"),
    breach(f"{W}:2", "env:\n  RESULTS_URI: file:///results\n"),
)
def variables_of_workflows_have_an_entry(root: Path) -> Iterator[str]:
    for name, document in documents(root):
        text = (root / name).read_text()
        for env in environments(document):
            for each, value in env.items():
                where, entry = f"{name}:{env.lines[each]}", VARIABLES.get(each)
                if entry is not None:
                    context = "secrets" if entry.secret else "vars"
                    expected = f"${{{{ {entry.expression or f'{context}.{each}'} }}}}"
                    if value != expected:
                        yield f"{where}: expected {each}: {expected}, found {value}"
                elif not re.search(rf"\$\{{?{each}\b", text):  # a step's own shell variable
                    yield f"{where}: expected an entry of {each} in engine/environment.py, or a use of it"
