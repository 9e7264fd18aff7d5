"""Check out a commit of a bare repository in a folder, as a runner would from GitHub."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

from engine.tests.standins.actions.standin import Inputs, RefusedError, flag, folder, needed, run, workspace

PULL_REQUEST_REF = re.compile(r"refs/pull/\d+/(head|merge)")
FOREIGN_EVENTS = ("pull_request_target", "workflow_run")


def check_out(inputs: Inputs) -> dict[str, str]:
    needed(inputs, "token")
    for name in ("filter", "sparse-checkout", "ssh-key"):
        if inputs[name]:
            raise RefusedError(f"the stand-in does not know {name}")
    repository = inputs["repository"]
    origin = folder() / "repositories" / f"{repository}.git"
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", repository) or not origin.is_dir():
        raise RefusedError(f"Not Found: repository {repository!r}")
    target = (workspace() / inputs["path"]).resolve()
    if not target.is_relative_to(workspace().resolve()):
        raise RefusedError(f"Repository path {target} is not under {workspace()}")
    own = repository == os.environ["GITHUB_REPOSITORY"]
    ref = inputs["ref"] or (os.environ["GITHUB_SHA"] if own else "HEAD")
    commit = resolved(origin, ref)
    if not flag(inputs, "allow-unsafe-pr-checkout"):
        refuse_foreign_code(repository, ref, commit)
    fetch(origin, commit, target, inputs)
    return {"ref": inputs["ref"] or os.environ["GITHUB_REF"], "commit": commit}


def resolved(origin: Path, ref: str) -> str:
    for name in (ref, f"refs/heads/{ref}", f"refs/tags/{ref}"):
        found = subprocess.run(
            ["git", "rev-parse", "--quiet", "--verify", f"{name}^{{commit}}"],
            cwd=origin,
            capture_output=True,
            text=True,
        )
        if found.returncode == 0:
            return found.stdout.strip()
    raise RefusedError(f"A branch or tag with the name {ref!r} could not be found")


def refuse_foreign_code(repository: str, ref: str, commit: str) -> None:
    """What the real action refuses since v7: a fork's code where the base's token and secrets are."""
    event = json.loads(Path(os.environ["GITHUB_EVENT_PATH"]).read_text())
    if os.environ["GITHUB_EVENT_NAME"] not in FOREIGN_EVENTS:
        return
    run_ = event.get("workflow_run") or {}
    head = run_.get("head_repository") or event.get("pull_request", {}).get("head", {}).get("repo") or {}
    sha = run_.get("head_sha") or event.get("pull_request", {}).get("head", {}).get("sha")
    if head.get("full_name") in (None, event["repository"]["full_name"]):
        return
    if repository == head["full_name"] or PULL_REQUEST_REF.fullmatch(ref) or commit == sha:
        raise RefusedError("Refusing to check out fork pull request code from a trusted workflow")


def fetch(origin: Path, commit: str, target: Path, inputs: Inputs) -> None:
    def git(*words: str) -> None:
        subprocess.run(["git", *words], cwd=target, check=True)

    target.mkdir(parents=True, exist_ok=True)
    if flag(inputs, "clean"):
        for path in target.iterdir():
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    git("init", "--quiet")
    depth = ["--depth", inputs["fetch-depth"]] if inputs["fetch-depth"] != "0" else []
    tags = [] if flag(inputs, "fetch-tags") or not depth else ["--no-tags"]
    refs = [commit] if depth else ["+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*", commit]
    git("fetch", "--quiet", *depth, *tags, origin.as_uri(), *refs)
    url = f"https://github.com/{inputs['repository']}"
    git("remote", "add", "origin", url)
    if flag(inputs, "persist-credentials"):  # else nothing further can be fetched, as of a private repository
        git("config", f"url.{origin.as_uri()}.insteadOf", url)
    branch = os.environ["GITHUB_REF"].removeprefix("refs/heads/")
    if inputs["ref"] or branch == os.environ["GITHUB_REF"]:
        git("checkout", "--quiet", "--force", "--detach", commit)
    else:
        git("checkout", "--quiet", "--force", "-B", branch, commit)


if __name__ == "__main__":
    run(check_out)
