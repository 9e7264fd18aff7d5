"""How the server and its run processes end: one clear line, and an exit status that names the cause."""

import argparse
import sys
from collections.abc import Callable
from typing import NoReturn


class SettingsError(Exception):
    """The arguments are wrong: the message says what was expected, what was found, what to do (exit 2)."""

    status = 2


class WorldError(Exception):
    """An external system failed: disk, container engine, package registry (exit 3)."""

    status = 3


def parser(module_docstring: str | None, details: str | None = None) -> argparse.ArgumentParser:
    """An argument parser whose help is the first line of `module_docstring`, the options, and `details`."""
    [first_line, *_] = (module_docstring or "").strip().splitlines()
    return argparse.ArgumentParser(
        description=first_line,
        epilog=details,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def run(main: Callable[[], int | None]) -> NoReturn:
    """Run `main` and exit with its status; an expected failure is one line, no traceback."""
    try:
        sys.exit(main() or 0)
    except (SettingsError, WorldError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.status)
    except OSError as error:
        print(f"error: {error.strerror or error}: {error.filename or ''}".rstrip(": "), file=sys.stderr)
        sys.exit(WorldError.status)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(130)
