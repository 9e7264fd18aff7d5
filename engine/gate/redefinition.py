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
    """The function `label` without comments, layout and docstring; the whole file if that cannot be read."""
    try:
        text = code.source.read([FEATURES_FILE])[FEATURES_FILE].content
    except (SettingsError, KeyError):
        return ""
    try:
        functions = [node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]
        return "\n".join(ast.dump(without_docstring(each)) for each in functions if each.name == "label")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return text.decode(errors="replace")


def without_docstring(function: ast.FunctionDef) -> ast.FunctionDef:
    if ast.get_docstring(function) is not None:
        function.body = function.body[1:]
    return function
