"""Make a former champion the champion again, where it is served and in the registry, with a reason."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from engine.command_line import Finding, SettingsError, parser, run
from engine.github.step import add_summary

if TYPE_CHECKING:
    from engine.documents.ledger import Move


def main() -> int:
    arguments = _parser().parse_args()
    stated_reason = " ".join(arguments.reason.split())
    if not stated_reason:
        raise SettingsError("--reason: expected a reason for the ledger, found none")

    from engine.model_registry.model_registry import ModelRegistry
    from engine.model_registry.place import model_registry_uri
    from engine.serving import serving
    from engine.settings.settings import load

    root = Path.cwd()
    settings = load(root / "mlops.yaml")
    model = settings.model
    registry = ModelRegistry(model_registry_uri(root), model)
    champion, moves = registry.champion(), registry.history()
    current = champion["version"] if champion else ""
    reason = stated_reason + _who()
    target = _former(moves, arguments.version) if arguments.version else ""
    if done := _done_already(moves, current, target, reason):
        serving.bring(registry, settings, current, current)
        _say(f"{model}: {done}; nothing moved")
        return 0
    if arguments.expected and not current.startswith(arguments.expected):
        raise Finding(f"{model}: expected the champion {arguments.expected}, found {current or 'none'}")
    target = registry.former(target)
    # The pointer follows what is served: interrupted here, the same command finishes it.
    serving.bring(registry, settings, target, current)
    move = registry.rollback(target, reason, current)
    _say(f"{model}: back from {move['previous']} to {move['version']}: {reason}")
    return 0


def _parser() -> argparse.ArgumentParser:
    options = parser(__doc__)
    options.add_argument(
        "version", nargs="?", help="a former champion, or how its digest begins (default: the one before)"
    )
    options.add_argument(
        "--reason", required=True, help="why; repeating a command with the same reason does nothing"
    )
    options.add_argument("--expected", metavar="VERSION", help="move only if this still is the champion")
    return options


def _former(moves: list["Move"], beginning: str) -> str:
    """The version that once was the champion and begins so."""
    versions = {move["version"] for move in moves if move["version"].startswith(beginning)}
    if len(versions) != 1:
        known = ", ".join(sorted({move["version"][:12] for move in moves})) or "none"
        raise SettingsError(
            f"{beginning}: expected the start of one former champion's digest; known are {known}"
        )
    return versions.pop()


def _done_already(moves: list["Move"], current: str, target: str, reason: str) -> str:
    """A sentence if this roll-back was done already: a repeated workflow must not go further back."""
    if target and target == current:
        return f"{current} is the champion already"
    last = moves[-1] if moves else None
    if last and last["move"] == "rollback" and last.get("reason") == reason:
        return f"was moved back to {current} for this reason already"
    return ""


def _who() -> str:
    """Who asked for it and where, as far as GitHub says."""
    actor, run_id = os.environ.get("GITHUB_ACTOR"), os.environ.get("GITHUB_RUN_ID")
    if not actor or not run_id:
        return ""
    server, repository = os.environ.get("GITHUB_SERVER_URL"), os.environ.get("GITHUB_REPOSITORY")
    return f" ({actor}, {server}/{repository}/actions/runs/{run_id})"


def _say(text: str) -> None:
    print(text)
    add_summary(f"{text}\n")


if __name__ == "__main__":
    run(main)
