"""JSON and YAML of requests, as far as the server can store them and send them back."""

import json
import re
from itertools import chain
from typing import Any

import yaml

DEEPEST = 100
MOST_NODES = 200_000
_LONGEST_NUMBER = 1000


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc] # a base chosen at run time
    """Reads dates as text, as in JSON."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's own name
        first: [resolver for resolver in resolvers if resolver[0] != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def read_json(text: str | bytes) -> Any:
    """ValueError for what is not JSON, more than 100 levels, lone surrogates and infinite numbers."""
    try:
        document = json.loads(text)
    except RecursionError:
        raise _too_deep() from None
    return _storable(document)


def read_yaml(text: bytes) -> list[Any]:
    """The documents of plain YAML, without tags and aliases; ValueError as for JSON."""
    try:
        _check_events(text)
        return [_storable(document) for document in yaml.load_all(text, _Loader)]
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from None
    except TypeError as error:  # a key that JSON does not have
        raise ValueError(str(error)) from None


def _check_events(text: bytes) -> None:
    """Refuse what takes very long to load or ends the process: the events are read without recursion."""
    depth = 0
    for number, event in enumerate(yaml.parse(text, _Loader)):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "tag", None):
            raise ValueError("expected YAML without tags and aliases, as the KFP compiler writes it")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.ScalarEvent) and _is_long_number(event.value):
            raise ValueError(f"expected numbers of at most {_LONGEST_NUMBER} characters")
        if depth > DEEPEST:
            raise _too_deep()
        if number > MOST_NODES:
            raise ValueError(f"expected at most {MOST_NODES} values")


def _is_long_number(text: str) -> bool:
    return len(text) > _LONGEST_NUMBER and bool(re.fullmatch("[-+0-9._:]+", text))


def _storable(document: Any) -> Any:
    json.dumps(document, ensure_ascii=False, allow_nan=False).encode()
    level = [document]
    for _ in range(DEEPEST + 1):
        level = list(chain.from_iterable(map(_children, level)))
        if not level:
            return document
    raise _too_deep()


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _too_deep() -> ValueError:
    return ValueError(f"expected at most {DEEPEST} levels of lists and objects")
