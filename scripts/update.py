"""Merge a newer version of the template into this copy, on a separate branch."""

import argparse
import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

PLACE = Path("build/template-update")
RECORD = Path(".github/template.json")
UPDATER = "engine/update"
GITHUB = "https://github.com"
PUBLIC = ("github.com", "gitlab.com", "bitbucket.org", "codeberg.org")
NAME = re.compile(r"[\w-]+/[\w.-]+")
VERSION = re.compile(r"v?\d+(\.\d+)*")
OF_ANOTHER_REPOSITORY = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR")


class UpdateError(Exception):
    def __init__(self, message: str, status: int):
        super().__init__(message)
        self.status = status


def options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--template", help=f"<owner>/<name> or a git address (default: in {RECORD})")
    parser.add_argument("--to", help="branch, tag or commit of the template (default: its newest version)")
    parser.add_argument("--base", help="the template's commit that this copy was made from (default: found)")
    parser.add_argument("--lock", help="command that locks requirements (default: make lock)")
    parser.add_argument("--no-lock", action="store_true", help="leave changed requirements to you")
    parser.add_argument("--tests", help="command that tests the update (default: make check)")
    parser.add_argument("--no-tests", action="store_true", help="leave the tests to the pull request")
    parser.add_argument("--restart", action="store_true", help="discard an update that has conflicts")
    parser.add_argument("--news", action="store_true", help="change nothing: print, as JSON, what is new")
    return parser


def main() -> int:
    """Fetch the template, and let its newest updater do the work: a copy may have an old one, or none."""
    arguments, _ = options().parse_known_args()
    for name in OF_ANOTHER_REPOSITORY:
        os.environ.pop(name, None)
    root = Path(git("rev-parse", "--show-toplevel", status=2))
    template = named(arguments.template, root)
    os.chdir(root)
    template = on_its_server(template)
    lock(root / git("rev-parse", "--git-common-dir") / "template-update.pid")
    place = root / PLACE
    place.mkdir(parents=True, exist_ok=True)
    (place / ".gitignore").write_text("*\n")
    clone, program = place / "template.git", place / "program"
    for leftover in (clone, program):
        shutil.rmtree(leftover, ignore_errors=True)
    address = f"{GITHUB}/{template}" if NAME.fullmatch(template) else template
    git("clone", "--quiet", "--bare", "--", address, str(clone))
    target = chosen(clone, arguments.to)
    unpack(clone, target, program)
    command = [sys.executable, "-P", "-m", UPDATER.replace("/", "."), *sys.argv[1:]]
    command += ["--clone", str(clone), "--target", target, "--template", template]
    os.execve(sys.executable, command, os.environ | {"PYTHONPATH": str(program)})


def lock(path: Path) -> None:
    """Until this process ends: the updater that replaces it inherits the open file."""
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise UpdateError(f"another update is running (pid {path.read_text()}); wait for it", 2) from None
    os.ftruncate(file, 0)
    os.write(file, str(os.getpid()).encode())
    os.set_inheritable(file, True)


def named(template: str | None, root: Path) -> str:
    """The template that was given, or that the record names."""
    if template:
        return str(Path(template).resolve()) if Path(template).is_dir() else template
    try:
        recorded: str = json.loads((root / RECORD).read_text(encoding="utf-8"))["template"]
    except (OSError, ValueError, LookupError, TypeError):
        recorded = ""
    if not recorded:
        advice = "pass what GitHub shows after 'generated from', once: make update TEMPLATE=<owner>/<name>"
        raise UpdateError(f"{RECORD}: expected the template's name, found none; {advice}", 2)
    return recorded


def on_its_server(template: str) -> str:
    """An address, unless it is on github.com. The record then names the server for every later update."""
    if not NAME.fullmatch(template):
        return template
    server = os.environ.get("GITHUB_SERVER_URL") or server_of(git("ls-remote", "--get-url", "origin"))
    return template if server == GITHUB else f"{server}/{template}"


def server_of(origin: str) -> str:
    """GitHub Enterprise, if a remote is there. Anyone may own a name on a public host: github.com then."""
    if re.match(r"[\w.@-]+:(?!//)", origin):  # git@<host>:<owner>/<name>
        origin = f"ssh://{origin.replace(':', '/', 1)}"
    url = urlsplit(origin)
    host = url.hostname
    if not host or any(public in host for public in PUBLIC):
        return GITHUB
    without_user = url.netloc.rpartition("@")[2]
    return f"{url.scheme}://{without_user}" if url.scheme in ("http", "https") else f"https://{host}"


def chosen(clone: Path, reference: str | None) -> str:
    """The commit to update to: the one given, the newest version's tag, or the default branch's newest."""
    tags = git("tag", "--list", "--sort=-version:refname", at=clone).splitlines()
    reference = reference or next(filter(VERSION.fullmatch, tags), "HEAD")
    try:
        return git("rev-parse", "--verify", f"{reference}^{{commit}}", at=clone)
    except UpdateError:
        raise UpdateError(f"--to: expected a branch, tag or commit, found {reference}", 2) from None


def unpack(clone: Path, target: str, program: Path) -> None:
    if not git("ls-tree", target, f"{UPDATER}/", at=clone):
        raise UpdateError(f"--to: expected {UPDATER}/ in the template, found none; choose a newer commit", 2)
    program.mkdir()
    git(f"--work-tree={program}", "checkout", target, "--", UPDATER, at=clone)


def git(*words: str, at: Path | None = None, status: int = 3) -> str:
    done = subprocess.run(["git", *words], cwd=at, capture_output=True, text=True)
    if done.returncode:
        error = (done.stderr.strip().splitlines() or ["nothing"])[-1]
        raise UpdateError(f"git {words[0]}: expected success, found {error}", status)
    return done.stdout.strip()


if __name__ == "__main__":
    try:
        if sys.version_info < (3, 11):  # noqa: UP036 - a copy is updated by whatever Python there is
            raise UpdateError(f"expected Python 3.11 or newer, found {sys.version.split()[0]}", 2)
        sys.exit(main())
    except UpdateError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.status)
    except OSError as error:
        print(f"error: {error.strerror or error}: {error.filename or ''}".rstrip(": "), file=sys.stderr)
        sys.exit(3)
    except KeyboardInterrupt:
        print("interrupted; nothing is lost, run the update again", file=sys.stderr)
        sys.exit(130)
