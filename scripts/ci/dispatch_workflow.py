"""Start a workflow of this repository on its default branch, as the Run workflow button does."""

import argparse

from engine.command_line import parser, run

PERMISSIONS = {"actions": "write"}


def main() -> None:
    arguments = _parser().parse_args()

    from engine.github.api import GitHub

    github = GitHub()
    branch = github.get()["default_branch"]
    body = {"ref": branch, "inputs": dict(arguments.input)}
    github.post("actions", "workflows", arguments.workflow, "dispatches", body=body)
    print(f"{arguments.workflow} started on {branch}")


def _parser() -> argparse.ArgumentParser:
    options = parser(__doc__)
    options.add_argument("workflow", help="the name of its file")
    options.add_argument("--input", action="append", type=_input, default=[], metavar="NAME=VALUE")
    return options


def _input(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not (name and separator):
        raise argparse.ArgumentTypeError(f"expected NAME=VALUE, found {text!r}")
    return name, value


if __name__ == "__main__":
    run(main)
