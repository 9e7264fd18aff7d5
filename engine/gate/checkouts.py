"""Reads which change a checkout is: of the commit where it left the default branch, or of one beside it."""

from pathlib import Path

from engine.command_line import SettingsError
from engine.gate import model_code
from engine.gate.base_commit import find_base, subject
from engine.gate.change import Change
from engine.gate.model_code import SETTINGS_FILE, ModelCode
from engine.sources import GitIndex, GitTree, WorkTree


def read_change(root: Path, base: str | None) -> Change:
    """What the work tree at `root` changes since it left `base` (default: the default branch)."""
    candidate = model_code.read(WorkTree(root))
    base_commit = find_base(root, base)
    change = _against(candidate, base_commit.commit, base_commit.reason)
    if base_commit.previous and change.base and not change.parts():
        return _against(candidate, base_commit.previous, f"the commit before {base_commit.reason}")
    return change


def _against(candidate: ModelCode, commit: str, reason: str) -> Change:
    """The change that `candidate` is of `commit`; with no control if `commit` defines no such model."""
    tree = GitTree(candidate.source.root, commit)
    named = f"{commit[:12]} ({subject(tree.root, commit)}), {reason}"
    if SETTINGS_FILE not in tree.paths:
        return Change(candidate, candidate, None, reason=f"{named}, has no {SETTINGS_FILE}")
    control = model_code.read(tree)
    if _is_another_model(candidate, control):
        another = f"defines another model, {control.settings.model}"
        return Change(candidate, candidate, None, reason=f"{named}, {another}")
    return Change(candidate, control, commit, reason=named)


def _is_another_model(candidate: ModelCode, control: ModelCode) -> bool:
    """Whether both the name and the label differ: no metric is about both models."""
    mine, base = candidate.settings, control.settings
    return mine.model != base.model and (mine.label.name, mine.label.type) != (
        base.label.name,
        base.label.type,
    )


def read_candidate(root: Path, folder: Path) -> Change:
    """What the checkout in `folder` changes of the commit that is checked out at `root`, which judges it."""
    base = GitTree(root, "HEAD")
    control = model_code.read(base)
    try:
        candidate = model_code.read(GitIndex(folder.resolve()), root)
    except SettingsError as error:
        raise SettingsError(
            f"{folder}: {error} (read by the base's code: what it does not know comes in a later step)"
        ) from None
    return Change(candidate, control, base.commit, by_the_base=True)
