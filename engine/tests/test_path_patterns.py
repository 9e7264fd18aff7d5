"""Patterns of paths name what is there: a folder that was moved would silently match nothing any more."""

import re
from collections.abc import Iterator

import pytest
import yaml

from engine.gate import changed_files, judging_paths, released_files
from engine.gate.gated_paths import BESIDE
from engine.sources import git
from engine.tests.demo_files import ROOT
from engine.update import merge, migrate, pins
from scripts.ci.plan_pull_request import ROOT_LOCKS

MANIFESTS = {"pip": r"requirements\.txt", "docker": "Dockerfile"}
"""What Dependabot reads in a folder, by its ecosystem."""


def dependabot() -> Iterator[str]:
    """The patterns of the files that Dependabot updates."""
    for update in yaml.safe_load((ROOT / ".github/dependabot.yml").read_text())["updates"]:
        for folder in update["directories"]:
            pattern = re.escape(folder.strip("/")).replace(r"\*", "[^/]*")
            yield f"{pattern}/{MANIFESTS[update['package-ecosystem']]}"


PATTERNS = {
    "judging_paths.PATHS": [judging_paths.PATHS.pattern],
    "released_files.OWNED": [released_files.OWNED.pattern],
    "released_files.SET_BY_USERS": map(re.escape, sorted(released_files.SET_BY_USERS)),
    "released_files.PINS": [files.pattern for files, _ in released_files.PINS],
    "gated_paths.BESIDE": [BESIDE.pattern],
    "plan_pull_request.ROOT_LOCKS": [ROOT_LOCKS.pattern],
    "changed_files.MODEL": [f"{re.escape(folder)}.*" for folder in changed_files.MODEL],
    "merge.MODEL": map(re.escape, merge.MODEL),
    "migrate.TEXTS": [migrate.TEXTS.pattern],
    "pins.LOCK": [pins.LOCK.pattern],
    "pins.LOCK_INPUT": [pins.LOCK_INPUT.pattern],
    "dependabot.yml": dependabot(),
}
OPTIONAL = {
    *("LICENSE", "docs/CODEOWNERS", r"\.github/CODEOWNERS", ".*CODEOWNERS"),  # GitHub knows several places
    r"\.github/set\-up\.yaml",
    r".*[^/]+\.mk",
    r"<?=components/>.*\.md",
}
"""What a user may have, and may not."""
ANY_FOLDER = "(.*/)?"
GROUP = re.compile(r"\((\?[:!])?((?:\\.|[^()\\])*)\)\??")
PATHS = [path.decode() for path in git(ROOT, "ls-files", "-z").split(b"\0")]


def alternatives(pattern: str) -> set[str]:
    """`pattern` without any `|`, once for each way through its groups, those with a `?` among them.

    What is excluded must exist too: `a(?!b|c)` becomes `a<?!b>`, `a<?=b>`, `a<?!c>` and `a<?=c>`."""
    pattern = pattern.replace(ANY_FOLDER, ".*")
    group = GROUP.search(pattern)  # one without groups in it
    if not group:
        return {*pattern.split("|")}
    kind, content = group.groups()
    replacements = ("<?!{}>", "<?={}>") if kind == "?!" else ("{}",)
    return {
        alternative
        for choice in content.split("|")
        for replacement in replacements
        for alternative in alternatives(
            pattern[: group.start()] + replacement.format(choice) + pattern[group.end() :]
        )
    }


def is_there(alternative: str) -> bool:
    """Whether an alternative matches a tracked path."""
    pattern = re.compile(alternative.translate(str.maketrans("<>", "()")), re.DOTALL)
    return any(map(pattern.fullmatch, PATHS))


@pytest.mark.parametrize(
    ("name", "alternative"),
    [
        (name, alternative)
        for name, patterns in PATTERNS.items()
        for pattern in patterns
        for alternative in sorted(alternatives(pattern) - OPTIONAL)
    ],
)
def test_each_alternative_matches_a_tracked_path(name: str, alternative: str) -> None:
    assert is_there(alternative), f"{name}: expected a tracked path that {alternative} matches, found none"


def test_alternatives_are_each_way_through_a_pattern() -> None:
    assert alternatives(r"(a|b\.c)/.*|(.*/)?d(-e)?|f/(?!(g|h)/).*") == {
        *("a/.*", r"b\.c/.*", ".*d-e"),
        *("f/<?!g/>.*", "f/<?=g/>.*", "f/<?!h/>.*", "f/<?=h/>.*"),
    }


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("engine/tests", "tests/engine"),
        ("demo/(?!flights/)", "demo/(?!trains/)"),
        ("(?!components/)", "(?!component/)"),
        ("requirements-dev", "requirements-test"),
    ],
)
def test_a_wrong_alternative_is_found(right: str, wrong: str) -> None:
    assert right in BESIDE.pattern
    assert [*map(is_there, alternatives(BESIDE.pattern.replace(right, wrong)) - OPTIONAL)].count(False) == 1
