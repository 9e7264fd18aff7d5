"""YAML that remembers on which line each of its values stands, so that an error can say where to look."""

import re
from datetime import date
from typing import Any

import yaml

from engine.command_line import SettingsError

Path = tuple[str | int, ...]


class _Loader(yaml.SafeLoader):
    """SafeLoader that reads 1e-3 as a number, as YAML 1.2 and every reader of the file do."""

    def construct_yaml_timestamp(self, node: yaml.ScalarNode) -> date:
        try:
            return super().construct_yaml_timestamp(node)
        except ValueError as error:
            raise yaml.MarkedYAMLError(
                problem=f"{node.value}: {error}", problem_mark=node.start_mark
            ) from None


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+$"), list("-+0123456789")
)
_Loader.add_constructor("tag:yaml.org,2002:timestamp", _Loader.construct_yaml_timestamp)


class LocatedYaml:
    """A YAML document: `value` as plain Python, and an error made for any path within it."""

    def __init__(self, content: bytes | str, name: str):
        self.name = name
        self._lines: dict[Path, int] = {}
        loader = None
        try:
            loader = _Loader(content)
            node = loader.get_single_node()
            if not isinstance(node, yaml.MappingNode):
                raise self.error((), f"expected a mapping of settings, found {self._kind(node)}")
            self._locate(node, ())
            self.value: dict[str, Any] = loader.construct_document(node)
        except yaml.YAMLError as error:
            raise self._syntax_error(error) from None
        except RecursionError:
            raise self.error((), "expected settings, found an alias within its own anchor") from None
        finally:
            if loader:
                loader.dispose()

    def error(self, path: Path, problem: str) -> SettingsError:
        """One line: the file, the nearest line known for `path`, the path, and the problem."""
        where = path
        while where and where not in self._lines:
            where = where[:-1]
        dotted = ".".join(map(str, path))
        return SettingsError(f"{self.name}:{self._lines.get(where, 1)}: {dotted}{': ' * bool(path)}{problem}")

    def _locate(self, node: yaml.Node, path: Path) -> None:
        if isinstance(node, yaml.SequenceNode):
            for index, item in enumerate(node.value):
                self._place(item, item, (*path, index))
        if not isinstance(node, yaml.MappingNode):
            return
        for key, value in node.value:
            if key.tag == "tag:yaml.org,2002:merge":
                continue
            here = (*path, key.value if isinstance(key, yaml.ScalarNode) else "?")
            if here in self._lines:
                raise self.error(here, f"expected once, found again on line {key.start_mark.line + 1}")
            self._place(key, value, here)
            if key.tag != "tag:yaml.org,2002:str":
                raise self.error(here, "expected a name, found another kind of key: write it in quotes")

    def _place(self, key: yaml.Node, value: yaml.Node, path: Path) -> None:
        # A block's own mark is its first entry, a line below the key that a reader looks for.
        node = value if isinstance(value, yaml.ScalarNode) and value.value else key
        self._lines[path] = node.start_mark.line + 1
        self._locate(value, path)

    def _syntax_error(self, error: yaml.YAMLError) -> SettingsError:
        if not isinstance(error, yaml.MarkedYAMLError):
            return SettingsError(f"{self.name}: expected UTF-8 text, found {str(error).splitlines()[0]}")
        mark = error.problem_mark or error.context_mark
        context = f"{error.context}: " if error.context else ""
        line = mark.line + 1 if mark else 1
        return SettingsError(f"{self.name}:{line}: expected YAML: {context}{error.problem}")

    @staticmethod
    def _kind(node: yaml.Node | None) -> str:
        return "nothing" if node is None else "a list" if isinstance(node, yaml.SequenceNode) else "a value"
