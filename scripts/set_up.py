"""Set up this copy's repository on GitHub: environments, variables, secrets, ruleset, labels, owners."""

import argparse
import json
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from engine import command_line
from engine.command_line import Finding, SettingsError

if TYPE_CHECKING:
    from engine.github.api import GitHub
    from engine.set_up.declaration import Declaration
    from engine.set_up.repository_set_up import Left

ROOT = Path()
"""A command of the project runs at the root of its checkout."""
PERMISSIONS = {"issues": "write"}


def main() -> int:
    arguments = arguments_parser().parse_args()

    from engine.github.api import GitHub
    from engine.set_up.repository_set_up import expect_copy, make, parts_of, remove

    github = GitHub(github_environment())
    branch = expect_copy(github)
    declaration = declared(github.repository, arguments.variables)
    parts = [*parts_of(declaration, github.repository, branch, os.environ)]
    if arguments.undo:
        remove(github, parts, arguments.dry_run, print)
        return 0
    left = make(github, parts, arguments.dry_run, print)
    if arguments.dry_run:
        return 0
    files = changed_files(declaration)
    report(github, left)
    if files:
        print(f"changed: {', '.join(files)}; commit them on a branch, and open a pull request")
    if left and not arguments.unattended:
        raise Finding(f"expected every part to be created, found {len(left)} missing: run the commands above")
    return 0


def arguments_parser() -> argparse.ArgumentParser:
    parser = command_line.parser(__doc__)
    parser.add_argument(
        "--dry-run", action="store_true", help="print what would be created, and change nothing"
    )
    parser.add_argument(
        "--variables",
        type=Path,
        metavar="FILE",
        help="JSON of variables by environment, as terraform output -json github_variables prints",
    )
    parser.add_argument("--undo", action="store_true", help="remove everything that the file declares")
    parser.add_argument(
        "--unattended", action="store_true", help="exit 0 even if steps remain, which the issue lists"
    )
    return parser


def declared(repository: str, variables: Path | None) -> "Declaration":
    """What .github/set-up.yaml declares; if there is none, it is written from a person's answers."""
    from engine.set_up.declaration import FILE, parse
    from engine.set_up.questions import answered

    path = ROOT / FILE
    if path.exists():
        declaration = parse(path.read_bytes(), str(FILE))
    elif sys.stdin.isatty():
        declaration = answered(repository, ask)
    else:
        raise SettingsError(f"{FILE}: expected the declaration, found none; run make set-up on a terminal")
    if variables:
        environments = command_line.json_object(variables.read_text())
        text = json.dumps(declaration.model_dump(exclude_defaults=True) | {"environments": environments})
        declaration = parse(text, str(variables))
    return declaration


def ask(question: str, default: str) -> str:
    shown = f" [{default}]" if default else ""
    return input(f"{question}{shown} ").strip() or default


def changed_files(declaration: "Declaration") -> list[str]:
    """Write declaration, owners and image repository into the checkout; the files to commit."""
    from engine.set_up import checkout_files
    from engine.set_up.declaration import FILE, written
    from engine.sources import git

    (ROOT / FILE).write_text(written(declaration))
    owners, settings = ROOT / checkout_files.CODEOWNERS, ROOT / checkout_files.SETTINGS
    owners.write_text(checkout_files.with_owners(owners.read_text(), declaration.owners))
    if declaration.images:
        settings.write_text(checkout_files.with_images(settings.read_text(), declaration.images))
    paths = [str(path) for path in (checkout_files.CODEOWNERS, checkout_files.SETTINGS, FILE)]
    listed = git(ROOT, "status", "--porcelain", "--untracked-files=all", "--", *paths).decode()
    return [line[3:] for line in listed.splitlines()]


def report(github: "GitHub", left: list["Left"]) -> None:
    """Print each part that is left with its command, and keep the issue about them."""
    from engine.github.api import Refused
    from engine.set_up.set_up_issue import report

    for each in left:
        print(f"\n{each.part.title}: {each.reason}\n{each.part.command}")
    try:
        address = report(github, left)
    except Refused as refused:
        print(f"\nno issue was opened: {refused}")
        return
    if address:
        print(f"\nissue: {address}")


def github_environment() -> dict[str, str]:
    """The environment, with the repository of `origin` and the token of an administrator if they are set."""
    variables = {"GITHUB_REPOSITORY": repository_of_origin(), **os.environ}
    if not variables["GITHUB_REPOSITORY"]:
        raise SettingsError("expected a remote `origin`, found none; run git remote add origin <its address>")
    return variables | {"GITHUB_TOKEN": os.environ.get("SETUP_TOKEN") or os.environ.get("GITHUB_TOKEN", "")}


def repository_of_origin() -> str:
    """<owner>/<name> of the remote `origin` on GitHub, empty if there is none."""
    from engine.sources import git

    remotes = git(ROOT, "remote", "-v").decode()
    match = re.search(r"(?m)^origin\s+\S*[/:]([\w.-]+/[\w.-]+?)(?:\.git)? \(fetch\)$", remotes)
    return match[1] if match else ""


if __name__ == "__main__":
    command_line.run(main)
