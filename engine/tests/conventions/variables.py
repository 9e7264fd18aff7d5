"""Each environment variable is an entry of engine/environment.py, and is used as that entry says."""

import ast
import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

from engine.environment import VARIABLES, table
from engine.tests.conventions.rules import breach, found, imports, lines, programs, rule
from engine.tests.conventions.workflow_files import ACTIONS, WORKFLOWS, documents, environments, steps

OF_OTHERS = re.compile(r"CI|HOME|PATH|(GITHUB|RUNNER|ACTIONS)_\w+")  # set by the system and by GitHub
NAME = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")
ENVIRONMENT = re.compile(r"(.*\W)?\w*env(iron(ment)?)?", re.DOTALL)
"""A mapping of variables, by the end of its name."""
ENTRY = r'(?:(?:Variable|_secret)\(|^ +)"([A-Z0-9_]+)",'
TABLE = re.compile(r"<!-- environment: .* -->\n(.*)\n<!-- /environment -->", re.DOTALL)
MOST_REPEATED = 2  # variables
MAY_REPEAT = {
    (".github/workflows/pr.yml", "Gate on the runner"),
    (".github/workflows/delivery.yml", "Log in"),
    (".github/workflows/remove-leftovers.yml", "Remove images"),
}
"""They get part of another step's block, because the whole has a token or an endpoint that they must not get.
GitHub's YAML has anchors and no merge keys (`<<`), a called workflow sees no `env` of its caller, and an
action that exports the variables gives the keys to all later steps."""
W = ".github/workflows/w.yml"
STEPS = "jobs:\n  one:\n    steps:\n      - "
STEP = f"{STEPS}run: make\n        env:\n          "
DEPLOYS = re.compile(r"scripts\.(deploy_model|roll_back)\b")
FOR_DEPLOYMENTS = ("KUBECONFIG", "SERVING_ACCESS_KEY_ID", "SERVING_SECRET_ACCESS_KEY", "MODEL_REGISTRY_URI")
BLOCK = "env: {A: '1', B: '2', C: '3'}\n"


@rule(
    breach("docs/settings.md:1", "# Settings\n"),
    breach("docs/settings.md:1", "<!-- environment: x -->\n| variable |\n<!-- /environment -->\n"),
)
def settings_page_has_the_table_of_variables(root: Path) -> Iterator[str]:
    for name, path in found(root, "docs/settings.md"):
        written = TABLE.search(path.read_text())
        if not written or written[1] != table():
            yield f"{name}:1: expected the table that python -m engine.environment prints, found another"


@rule(
    breach("scripts/gate.py:2", 'import os\nhost = os.environ["KUBEFLOW_HOTS"]\n'),
    breach("scripts/gate.py:2", 'import os\nhost = os.environ.get("KUBEFLOW_HOTS", "")\n'),
    breach("scripts/gate.py:2", 'import os\nhost = os.getenv("KUBEFLOW_HOTS")\n'),
    breach("scripts/gate.py:1", 'host = getenv("KUBEFLOW_HOTS")\n'),
    breach("scripts/gate.py:2", 'import os\nremote = "KUBEFLOW_HOTS" in os.environ\n'),
    breach("scripts/gate.py:2", 'import os\nhost = os.environ.pop("KUBEFLOW_HOTS")\n'),
    breach("scripts/gate.py:2", 'import os\nos.environ.setdefault("KUBEFLOW_HOTS", "")\n'),
    breach("scripts/gate.py:2", 'import os\nos.environ["KUBEFLOW_HOTS"] = ""\n'),
    breach("scripts/gate.py:3", 'import os\nHOST = "KUBEFLOW_HOTS"\nhost = os.environ[HOST]\n'),
    breach("scripts/gate.py:3", 'import os\nHOST: Final = "KUBEFLOW_HOTS"\nhost = os.environ[HOST]\n'),
    breach("scripts/gate.py:3", 'import os\nenv = os.environ\nhost = env["KUBEFLOW_HOTS"]\n'),
    breach("engine/images/x.py:2", 'def x(environment):\n    return environment.get("KUBEFLOW_HOTS")\n'),
    breach("engine/images/x.py:2", 'def x(self):\n    return self._environment["KUBEFLOW_HOTS"]\n'),
)
def variables_that_are_read_have_an_entry(root: Path) -> Iterator[str]:
    for name, tree in programs(root):
        for line, variable in accesses(tree):
            if NAME.fullmatch(variable) and variable not in VARIABLES and not OF_OTHERS.fullmatch(variable):
                yield f"{name}:{line}: expected an entry of {variable} in engine/environment.py"


def accesses(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and key of each access to an environment whose key is a constant of the module."""
    constants = {}
    for node in ast.walk(tree):
        match node:
            case ast.Assign([ast.Name(constant)], ast.Constant(str(text))) | ast.AnnAssign(
                ast.Name(constant), value=ast.Constant(str(text))
            ):
                constants[constant] = text
    for node in ast.walk(tree):
        match _key(node):
            case ast.Constant(str(text)):
                yield node.lineno, text
            case ast.Name(constant) if constant in constants:
                yield node.lineno, constants[constant]


def _key(node: ast.AST) -> ast.expr | None:
    """The key by which an expression reads, sets, deletes or looks for a variable."""
    match node:
        case (
            ast.Subscript(mapping, key)
            | ast.Call(ast.Attribute(mapping), [key, *_])
            | ast.Compare(key, [ast.In() | ast.NotIn()], [mapping])
        ) if ENVIRONMENT.fullmatch(ast.unparse(mapping)):
            return key
        case ast.Call(ast.Name("getenv") | ast.Attribute(attr="getenv"), [key, *_]):
            return key
    return None


@rule(
    breach("scripts/gate.py:1", "from os import environ\n"),
    breach("scripts/gate.py:1", "from os import getenv as variable\n"),
)
def environments_are_named_as_such(root: Path) -> Iterator[str]:
    for name, tree in programs(root):
        for line, module, imported in imports(tree):
            if module == "os" and imported in ("environ", "environb", "getenv", "getenvb"):
                yield f"{name}:{line}: expected os.environ, found an import of {imported}"


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


@rule(
    breach(
        f"{W}:7",
        f"{STEPS}env: &a {{A: '1', B: '2', C: '3'}}\n      - env: *a\n      - env:\n"
        "          D: '4'\n          A: '1'\n          B: '2'\n          C: '3'\n",
    ),
    breach(f"{W}:5", f"{BLOCK}{STEPS}{BLOCK}"),
    breach(f"{W}:6", f"{BLOCK}{STEPS}name: Gate on the runner\n        {BLOCK}"),
    breach(
        ".github/workflows/pr.yml:7",
        f"{BLOCK}{STEPS}name: Gate on the runner\n        {BLOCK}      - {BLOCK}",
    ),
)
def blocks_of_variables_stand_once(root: Path) -> Iterator[str]:
    exempt = {
        (name, step["env"].line) for name, step in steps(root) if (name, step.get("name")) in MAY_REPEAT
    }
    for name, document in documents(root):
        blocks = [block for block in environments(document) if (name, block.line) not in exempt]
        for block, other in combinations(blocks, 2):
            if len(repeated := block.items() & other.items()) > MOST_REPEATED:
                where = f"{name}:{max(block.line, other.line)}"
                yield f"{where}: expected an anchor, found {len(repeated)} variables again"


@rule(
    breach(f"{W}:4", f"{STEPS}run: python -m scripts.roll_back\n"),
    breach(f"{W}:4", f"{STEPS}run: python -m scripts.deploy_model\n        env: {{KUBECONFIG: a}}\n"),
)
def steps_that_deploy_get_what_a_deployment_needs(root: Path) -> Iterator[str]:
    for name, step in steps(root):
        missing = [each for each in FOR_DEPLOYMENTS if each not in step.get("env", {})]
        if missing and DEPLOYS.search(step.get("run", "")):
            yield f"{name}:{step.lines['run']}: expected {', '.join(missing)} in env, found none"
