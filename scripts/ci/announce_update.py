"""Open or update the one issue about a newer version of the template, or a pull request that brings it."""

import base64
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from engine.command_line import WorldError, parser, run

if TYPE_CHECKING:
    from engine.github.api import GitHub

PERMISSIONS = {"issues": "write"}
LONGEST_CHANGES = 50_000  # of 65,536 characters that GitHub takes for all
RECORD = Path(".github/template.json")
# The updater is the template's newest code, not reviewed in this repository: it gets no token.
PASSED_ON = re.compile(
    r"GITHUB_SERVER_URL|(HTTPS?|ALL|NO)_PROXY|SSL_CERT_(FILE|DIR)|(REQUESTS|CURL)_CA_BUNDLE|PIP_\w+"
    r"|PATH|LD_LIBRARY_PATH|HOME|TMPDIR|LANG|LC_\w+",
    re.IGNORECASE,
)
BOT = {
    f"GIT_{role}_{name}": value
    for role in ("AUTHOR", "COMMITTER")
    for name, value in (
        ("NAME", "github-actions[bot]"),
        ("EMAIL", "41898282+github-actions[bot]@users.noreply.github.com"),
    )
}


def main() -> int:
    parser(__doc__).parse_args()

    from engine.github.api import GitHub
    from engine.github.update_issue import close_all

    github = GitHub()
    template = named_template(github)
    if not template:
        print(f"skipped: neither {RECORD} nor GitHub names the template of this repository")
        return 0
    news = json.loads(output_of(update("--news", "--template", template)))
    if news["up_to_date"]:
        closed = ", ".join(f"#{number}" for number in close_all(github))
        print(f"up to date: version {news['version']}" + (f"; closed {closed}" if closed else ""))
    elif token := os.environ.get("UPDATE_TOKEN"):
        propose(github, GitHub({**os.environ, "GITHUB_TOKEN": token}), token, news)
    else:
        open_issue(github, news)
    return 0


def named_template(github: "GitHub") -> str:
    """The recorded one, or the one whose button made this repository; empty if there is neither."""
    recorded = json.loads(RECORD.read_text())["template"] if RECORD.is_file() else ""
    return recorded or (github.get().get("template_repository") or {}).get("full_name", "")


def update(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "scripts/update.py", *words]
    passed_on = {name: value for name, value in os.environ.items() if PASSED_ON.fullmatch(name)}
    return subprocess.run(command, env=passed_on | BOT, capture_output=True, text=True)


def output_of(done: subprocess.CompletedProcess[str]) -> str:
    if done.returncode:
        raise WorldError((done.stderr.strip().splitlines() or ["no message"])[-1].removeprefix("error: "))
    return done.stdout


def open_issue(github: "GitHub", news: dict[str, str], output: str = "") -> None:
    from engine.github.update_issue import announce

    number = announce(github, title(news), described(news, output))
    print(f"issue #{number}: {title(news)}")


def title(news: dict[str, str]) -> str:
    return f"Update the template from {news['version']} to {news['newest']}"


def described(news: dict[str, str], output: str = "") -> str:
    """What is new, what an attempt found, and the command to run."""
    changes = news["changes"] or "The template has newer commits of the same version."
    if len(changes) > LONGEST_CHANGES:
        changes = f"{changes[:LONGEST_CHANGES]}\n\n(cut here: CHANGELOG.md of the template has all of it)"
    conflicts = f"It needs your decisions:\n\n```\n{output.strip()}\n```\n\n" if output else ""
    command = f"```bash\nmake update TEMPLATE={news['template']}\n```"
    return (
        f"{conflicts}Run this in a clone; it leaves a branch and says what to do:\n\n{command}\n\n{changes}\n"
    )


def propose(github: "GitHub", writer: "GitHub", token: str, news: dict[str, str]) -> None:
    """A pull request by `writer`, which may change workflows; if files conflict, the issue names them."""
    owner, branch = writer.repository.partition("/")[0], news["branch"]
    if pulls := list(writer.pages("pulls", state="all", head=f"{owner}:{branch}")):
        print(f"pull request #{pulls[0]['number']} already has this update")
        return
    done = update("--template", news["template"], "--no-tests")
    if done.returncode == 1:
        open_issue(github, news, done.stdout.partition("\n\n")[0])
        return
    output_of(done)
    push(branch, writer.repository, token)
    base = writer.get()["default_branch"]
    body = {"title": title(news), "head": branch, "base": base, "body": described(news)}
    print(f"pull request #{writer.post('pulls', body=body)['number']}: {title(news)}")


def push(branch: str, repository: str, token: str) -> None:
    """The token reaches git by its environment, which no other process can list."""
    credential = base64.b64encode(f"x-access-token:{token}".encode()).decode()
    header = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "http.extraHeader",
        "GIT_CONFIG_VALUE_0": f"Authorization: Basic {credential}",
    }
    address = f"{os.environ['GITHUB_SERVER_URL']}/{repository}.git"
    command = ["git", "push", "--quiet", "--force", address, f"{branch}:refs/heads/{branch}"]
    output_of(subprocess.run(command, env=os.environ | header, capture_output=True, text=True))


if __name__ == "__main__":
    run(main)
