"""What a change redefines, so that its figures and its base's do not answer the same question."""

import ast
from collections.abc import Iterator

from engine.command_line import SettingsError
from engine.gate.model_code import SETTINGS_FILE, ModelCode
from engine.settings.settings_schema import Settings

FEATURES_FILE = "components/build_features/features.py"


def redefined(candidate: ModelCode, control: ModelCode) -> Iterator[str]:
    """Tables, the lead of predictions, key and label, in the words of the project."""
    mine, base = candidate.settings, control.settings
    if tables_of(mine) != tables_of(base):
        yield f"{SETTINGS_FILE}: data.tables"
    if mine.data.key != base.data.key:
        yield f"{SETTINGS_FILE}: data.key"
    if mine.label != base.label:
        yield f"{SETTINGS_FILE}: label"
    if label_code(candidate) != label_code(control):
        yield f"{FEATURES_FILE}: label"


def tables_of(settings: Settings) -> dict[str, object]:
    """Which rows features get: of which tables, and of which moment."""
    tables = {name: table.model_dump(exclude={"known"}) for name, table in settings.data.tables.items()}
    return {**tables, "rows": settings.data.rows, "lead": settings.features.lead}


def label_code(code: ModelCode) -> str:
    """What makes `label`, without comments, layout and docstrings; the whole file if it cannot be read."""
    try:
        text = code.source.read([FEATURES_FILE])[FEATURES_FILE].content
    except (SettingsError, KeyError):
        return ""
    try:
        return "\n".join(map(ast.dump, reached(ast.parse(text).body, "label")))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return text.decode(errors="replace")


def reached(statements: list[ast.stmt], name: str) -> list[ast.stmt]:
    """The statements of a module that bind `name` or a name that these read, and so on, in their order."""
    wanted, bound = {name}, [(each, bound_by(each)) for each in statements]
    while True:
        chosen = [each for each, names in bound if names & wanted]
        read = {node.id for each in chosen for node in ast.walk(each) if isinstance(node, ast.Name)}
        if read <= wanted:
            return [without_docstring(each) if isinstance(each, ast.FunctionDef) else each for each in chosen]
        wanted |= read


def bound_by(statement: ast.stmt) -> set[str]:
    """The names that a statement of a module gives a value, in its blocks too, but not within functions."""
    match statement:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return {name}
        case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
            return {(each.asname or each.name).partition(".")[0] for each in aliases}
    names = {
        node.id
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    blocks = (each for each in ast.iter_child_nodes(statement) if isinstance(each, ast.stmt))
    return names.union(*map(bound_by, blocks))


def without_docstring(function: ast.FunctionDef) -> ast.FunctionDef:
    if ast.get_docstring(function) is not None:
        function.body = function.body[1:]
    return function
