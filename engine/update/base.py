"""Find the commit of the template that a copy was made from, or was last updated to."""

from engine.update.git import Files, Git, SettingsError
from engine.update.record import PATH

LEAST_EQUAL = 0.5  # of a commit's files; a copy that has less in common was not made from it


def find_base(copy: Git, template: Git, target: str, recorded: str) -> str:
    """The recorded commit; without one, the newest that both histories have, the one whose tree the copy's
    first commit has, or the one whose files are most like the copy's."""
    trees = dict(line.split() for line in template("log", "--format=%H %T", "--all", target).splitlines())
    if recorded in trees:
        return recorded
    for commit in copy("rev-list", "HEAD").splitlines():
        if commit in trees:
            return commit
    first = set(copy("log", "--max-parents=0", "--format=%T", "HEAD").splitlines())
    if same := [commit for commit, tree in trees.items() if tree in first]:
        return same[0]
    oldest_first = template("rev-list", "--reverse", "--topo-order", target).splitlines()
    return closest(copy.files("HEAD"), {commit: template.files(commit) for commit in oldest_first})


def closest(copy: Files, history: dict[str, Files]) -> str:
    """The commit, of a history that starts with the oldest, that differs from the copy in the fewest paths.

    Paths that the template never had are the user's own. Among commits that differ in the same paths, which
    are then those that the user edited, the oldest is taken: a change that the copy already has merges
    cleanly, a change that the base already has would be lost."""
    known = {path for files in history.values() for path in files} - {PATH}
    differing = {
        commit: frozenset(path for path in known if files.get(path) != copy.get(path))
        for commit, files in history.items()
    }
    best = min(differing, key=lambda commit: len(differing[commit]))
    rivals = [commit for commit, paths in differing.items() if len(paths) == len(differing[best])]
    equal = sum(copy.get(path) == blob for path, blob in history[best].items())
    if equal < LEAST_EQUAL * len(history[best]):
        similar = f"{equal} of {len(history[best])} files of the closest, {best[:12]}"
        raise SettingsError(f"expected a commit that this copy resembles, found {similar}; {HINT}")
    if any(differing[rival] != differing[best] for rival in rivals):
        similar = ", ".join(rival[:12] for rival in rivals[:4])
        raise SettingsError(f"expected one commit that is most like this copy, found {similar}; {HINT}")
    return best


HINT = "pass the one that the copy was made from: --base <commit>"
