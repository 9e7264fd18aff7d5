"""Rewrite what moved in Python code: imports, names bound by them, and strings that are modules or paths."""

import ast
import re
from collections.abc import Iterator

from engine.update.moves import Moves

WIDTH = 110  # characters; a longer import is broken as ruff breaks it
DOTTED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+")
Edit = tuple[int, int, str]
"""Start and end in bytes, and the text to put there."""


def rewrite_python(source: str, moves: Moves) -> str:
    """The source with new names; unchanged if it is no valid Python."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return source
    text = source.encode()
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    edits = {
        (
            starts[node.lineno - 1] + node.col_offset,
            starts[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0),
        ): new
        for node, new in _changes(tree, source, moves)
    }
    end = len(text)
    for (start, stop), new in sorted(edits.items(), reverse=True):
        if stop <= end:
            text, end = text[:start] + new.encode() + text[stop:], start
    return text.decode()


def _changes(tree: ast.Module, source: str, moves: Moves) -> Iterator[tuple[ast.stmt | ast.expr, str]]:
    bound = dict(_bound(tree, moves))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield node, _import(node, moves)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node, _import_from(node, moves)
        elif isinstance(node, ast.Attribute) and (new := bound.get(_dotted(node))):
            yield node, new
        elif isinstance(node, ast.JoinedStr) or (
            isinstance(node, ast.Constant) and isinstance(node.value, str)
        ):
            yield node, _string(ast.get_source_segment(source, node) or "", node, moves)


def _bound(tree: ast.Module, moves: Moves) -> Iterator[tuple[str, str]]:
    """Modules that the code calls by their full names, as `import a.b` allows, and their new names."""
    for node in ast.walk(tree):
        for alias in node.names if isinstance(node, ast.Import) else ():
            if not alias.asname and (new := moves.module(alias.name)):
                yield alias.name, new


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute) and (before := _dotted(node.value)):
        return f"{before}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def _import(node: ast.Import, moves: Moves) -> str:
    return "import " + ", ".join(
        f"{moves.module(alias.name) or alias.name}{f' as {alias.asname}' if alias.asname else ''}"
        for alias in node.names
    )


def _import_from(node: ast.ImportFrom, moves: Moves) -> str:
    """One statement for each module that the names are in now."""
    names: dict[str, list[str]] = {}
    for alias in node.names:
        module, name = node.module or "", alias.name
        if name == "*":
            module = moves.module(module) or module
        elif new := moves.module(f"{module}.{name}"):
            module, _, name = new.rpartition(".")
        called = alias.asname or (alias.name if name != alias.name else "")
        names.setdefault(module, []).append(f"{name} as {called}" if called else name)
    indent = " " * node.col_offset
    return f"\n{indent}".join(_statement(module, names[module], indent) for module in names)


def _statement(module: str, names: list[str], indent: str) -> str:
    line = f"from {module} import {', '.join(names)}"
    if len(indent + line) <= WIDTH:
        return line
    return f"from {module} import (\n" + "".join(f"{indent}    {name},\n" for name in names) + f"{indent})"


def _string(segment: str, node: ast.AST, moves: Moves) -> str:
    value = getattr(node, "value", None)
    if isinstance(value, str) and DOTTED.fullmatch(value) and (new := moves.module(value)):
        return segment.replace(value, new)
    return moves.in_text(segment)
