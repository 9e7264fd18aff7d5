"""A rule yields `file:line: what was expected` for each breach, and comes with breaches that it must find."""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path

Check = Callable[[Path], Iterator[str]]


@dataclass(frozen=True)
class Breach:
    """A small tree that breaks a rule, and the place that the rule must name."""

    where: str
    files: dict[str, str]

    def __str__(self) -> str:
        return self.where


@dataclass(frozen=True)
class Rule:
    check: Check
    breaches: tuple[Breach, ...]

    def __str__(self) -> str:
        return self.check.__name__


RULES: list[Rule] = []
FOLDERS = ("components", "demo", "engine", "local_kfp", "pipelines", "scripts")


def rule(*breaches: Breach) -> Callable[[Check], Check]:
    """Make a function of the project's root one of the rules that hold for it."""

    def register(check: Check) -> Check:
        RULES.append(Rule(check, breaches))
        return check

    return register


def every_rule() -> list[Rule]:
    """The rules of all modules of conventions."""
    for module in sorted(Path(__file__).parent.glob("*.py")):
        import_module(f"engine.tests.conventions.{module.stem}")
    return RULES


def breach(where: str, text: str, files: dict[str, str] | None = None) -> Breach:
    """`text` breaks the rule at `where` (file:line), beside other `files` that do not."""
    return Breach(where, {where.partition(":")[0]: text, **(files or {})})


EXAMINED: set[Path] = set()
"""The files that were found since this was cleared: a rule that examined none holds for nothing."""


def found(root: Path, *patterns: str) -> Iterator[tuple[str, Path]]:
    """The files that match any of `patterns`: path from the root, and path."""
    for path in sorted({path for pattern in patterns for path in root.glob(pattern) if path.is_file()}):
        if "__pycache__" in path.parts:
            continue
        EXAMINED.add(path)
        yield path.relative_to(root).as_posix(), path


def lines(root: Path, *patterns: str) -> Iterator[tuple[str, str]]:
    """`file:line` and text of each line of the files that match."""
    for name, path in found(root, *patterns):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            yield f"{name}:{number}", line


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), path)


def modules(root: Path, *patterns: str) -> Iterator[tuple[str, ast.Module]]:
    """The Python files that match, parsed."""
    for name, path in found(root, *patterns):
        yield name, parsed(path)


def programs(root: Path, *folders: str) -> Iterator[tuple[str, ast.Module]]:
    """The Python files of `folders` (default: of all) that are not tests, parsed."""
    for name, tree in modules(root, *(f"{folder}/**/*.py" for folder in folders or FOLDERS)):
        if "/tests/" not in name:
            yield name, tree


def imports(tree: ast.AST) -> Iterator[tuple[int, str, str]]:
    """Line, module and name of each import, wherever it stands (the name is empty in `import module`)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from ((node.lineno, module, alias.name) for alias in node.names)


def imports_at_run_time(tree: ast.Module) -> Iterator[tuple[int, str, str]]:
    """The same, without those that only a type checker follows."""
    checked = {
        line
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
        for statement in node.body
        for line, _, _ in imports(statement)
    }
    return (each for each in imports(tree) if each[0] not in checked)


def imported_files(root: Path, start: Path) -> set[Path]:
    """`start` and every file of the project that it imports, in turn."""
    files, waiting = set(), {start}
    while waiting:
        files |= waiting
        waiting = {path for file in waiting for path in imported_by(root, file)} - files
    return files


@cache
def imported_by(root: Path, file: Path) -> frozenset[Path]:
    """The files of the project that `file` names in its imports."""
    return frozenset(
        path
        for _, module, name in imports_at_run_time(parsed(file))
        for imported in (f"{module}.{name}".replace(".", "/"), module.replace(".", "/"))
        for path in (root / f"{imported}.py", root / imported / "__init__.py")
        if path.is_file()
    )


def first_line(tree: ast.Module) -> str:
    """The first line of a module's docstring."""
    return (ast.get_docstring(tree) or "").partition("\n")[0]


def instructions(text: str) -> Iterator[tuple[int, str, list[str]]]:
    """Line, name and words of each instruction of a Dockerfile."""
    number = 1
    for instruction in re.split(r"(?<!\\)\n", text):
        words = instruction.replace("\\\n", " ").split()
        if words and not words[0].startswith("#"):
            yield number, words[0].upper(), words[1:]
        number += instruction.count("\n") + 1
