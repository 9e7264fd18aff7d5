"""How every command of the project ends: one clear line, and an exit status that says whose turn it is."""

import argparse
import json
import os
import re
import sys
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn

VARIABLE = re.compile(r"(?!IFS$|PS\d$)[A-Z][A-Z0-9_]*")
"""Names of variables that say something to programs; shells keep white space in others."""


class Finding(Exception):  # noqa: N818 - a finding is a result, not a failure
    """The command did its work and found against what it judged (exit 1)."""

    status = 1


class SettingsError(Exception):
    """What the command was given is wrong: say what was expected, what was found, what to do (exit 2)."""

    status = 2


class WorldError(Exception):
    """The world did not play along: network, disk, store, cluster (exit 3)."""

    status = 3


def parser(module_docstring: str) -> argparse.ArgumentParser:
    """An argument parser whose help has the command as it is typed and the docstring's first line."""
    description = module_docstring.strip().splitlines()[0]
    return argparse.ArgumentParser(prog=typed_command(), description=description, allow_abbrev=False)


def typed_command() -> str | None:
    """`python -m <module>` if this program was started so, otherwise None: argparse names the file then."""
    module = sys.modules["__main__"].__spec__
    return f"python -m {module.name.removesuffix('.__main__')}" if module else None


def json_object(text: str) -> dict[str, Any]:
    """Parse an option's value that must be a JSON object; for use as argparse's `type`."""
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise argparse.ArgumentTypeError(f"expected a JSON object, found {text[:60]!r} ({error})") from None
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError(f"expected a JSON object, found {text[:60]!r}")
    return value


def day(text: str) -> date:
    """A date, or today's in UTC for "today"; for use as argparse's `type`."""
    if text == "today":
        return datetime.now(UTC).date()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected a day such as 2013-09-02, or today, found {text!r}"
        ) from None


def output_file(path: str) -> Path:
    """Path of an output, its folder made; for use as argparse's `type`."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    return target


def nearest(name: str, names: Iterable[str]) -> str:
    """What to add to an error about `name`: the one of `names` that was probably meant."""
    near = get_close_matches(name, list(names), 1)
    return f"; did you mean {near[0]}?" if near else ""


def strip_environment() -> None:
    """Take white space off the ends of variables: a value from a file or a paste has a line's end.

    In place, so that libraries and further processes read the same; what is blank is as good as absent.
    """
    for name, value in list(os.environ.items()):
        stripped = value.strip()
        if stripped != value and VARIABLE.fullmatch(name):
            os.environ[name] = stripped


def in_a_log(text: object) -> str:
    """`text`, in which GitHub's runner finds no command if it reads what this process prints."""
    if "GITHUB_ACTIONS" not in os.environ:
        return str(text)
    return str(text).replace("::", ": :").replace("##[", "# #[")


def run(main: Callable[[], int | None]) -> NoReturn:
    """Run `main` and leave with its status; a mistake of the user or the world is one line, no traceback."""
    strip_environment()
    try:
        sys.exit(main() or 0)
    except (Finding, SettingsError, WorldError) as error:
        print(f"error: {in_a_log(error)}", file=sys.stderr)
        sys.exit(error.status)
    except OSError as error:
        print(f"error: {error.strerror or error}: {error.filename or ''}".rstrip(": "), file=sys.stderr)
        sys.exit(WorldError.status)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(130)
