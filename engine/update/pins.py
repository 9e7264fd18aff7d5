"""Pins of actions, base images, requirements and locks: of two changes to one pin, the newer is taken."""

import re
from collections.abc import Iterable

from engine.update.record import numbers

ACTION = re.compile(r"(?P<before>uses: (?P<name>[\w.-]+/[\w.-]+)[\w./-]*@)(?P<pin>[0-9a-f]{40} # v[\d.]+)")
IMAGE = re.compile(r"(?P<before>FROM (?P<name>[^\s:@]+):)(?P<pin>\S+@sha256:[0-9a-f]{64})")
REQUIREMENT = re.compile(r"(?P<before>(?P<name>[\w.-]+(?:\[[\w,-]+\])?)==)(?P<pin>[\w.]+)")
PROJECT = re.compile(r'(?m)^(?P<before>(?P<name>version|name|description) = )(?P<pin>".*")$')
LOCK = re.compile(r"(.*/)?requirements[\w-]*\.txt")
LOCK_INPUT = re.compile(r"(.*/)?requirements[\w-]*\.in|pyproject\.toml")


def newer(base: str | None, ours: str | None, theirs: str | None) -> str | None:
    """Of three versions of one pin, the one to keep; the template's where neither is newer."""
    if ours == base:
        return theirs
    if theirs == base or ours is None or theirs is None:
        return ours
    versions = [numbers(_version(pin)) for pin in (ours, theirs)]
    return ours if versions[0] > versions[1] else theirs


def _version(pin: str) -> str:
    """`# v7.0.1` of an action, the tag of an image, the version of a locked package."""
    if tagged := re.search(r"# v([\d.]+)", pin):
        return tagged[1]
    if locked := re.match(r"[\w.-]+(?:\[[\w,-]+\])?==(\S+)", pin):
        return locked[1]
    return pin.partition("@")[0]


class Pins:
    """What each pin of one kind is in three texts, and which of them to keep."""

    def __init__(self, pattern: re.Pattern[str], base: str, ours: str, theirs: str, users: bool = False):
        """With `users`, a pin that the user changed stays as it is."""
        self._pattern = pattern
        three_texts = [self._pins_of(text) for text in (base, ours, theirs)]
        self._known = {
            name: {pins.get(name) for pins in three_texts} for pins in three_texts for name in pins
        }
        self._kept = {}
        for name in self._known:
            three = [pins.get(name) for pins in three_texts]
            self._kept[name] = three[1] if users and three[1] not in (None, three[0]) else newer(*three)

    def _pins_of(self, text: str) -> dict[str, str]:
        pins: dict[str, str] = {}
        for match in self._pattern.finditer(text):
            both = (pins.get(match["name"], match["pin"]), match["pin"])
            pins[match["name"]] = max(both, key=lambda pin: numbers(_version(pin)))
        return pins

    def rewrite(self, text: str) -> str:
        """Put the kept pin wherever one of the three stands; any other is a choice of its own."""

        def replace(match: re.Match[str]) -> str:
            kept = self._kept.get(match["name"])
            if kept is None or match["pin"] not in self._known[match["name"]]:
                return match[0]
            return match["before"] + kept

        return self._pattern.sub(replace, text)


def alike(base: str, ours: str, theirs: str) -> tuple[str, str, str]:
    """Three texts of a file whose pins no longer differ."""
    for pattern in (ACTION, IMAGE, REQUIREMENT, PROJECT):
        pins = Pins(pattern, base, ours, theirs, users=pattern is PROJECT)
        base, ours, theirs = map(pins.rewrite, (base, ours, theirs))
    return base, ours, theirs


def merged_lock(base: str, ours: str, theirs: str) -> str:
    """A lock with the newer of the two versions of each package; `make lock` then makes it consistent."""
    blocks = [_blocks(text) for text in (base, ours, theirs)]
    names = sorted({name for packages in blocks for name in packages})
    kept = (newer(*(packages.get(name) for packages in blocks)) for name in names)
    return "".join(block for block in kept if block)


def _blocks(lock: str) -> dict[str, str]:
    """The lines of each locked package: its version, and the hashes and comments below it."""
    blocks: dict[str, str] = {}
    for block in re.split(r"(?m)^(?=[A-Za-z0-9])", lock.replace("\r\n", "\n")):
        blocks[re.split(r"[^\w.-]", block, maxsplit=1)[0].lower()] = block
    return blocks


def locks_differ(copy: dict[str, str], template: dict[str, str]) -> bool:
    """Whether the copy's locks, or what they are made of, are not the template's."""
    return any(
        copy.get(path) != template.get(path)
        for path in copy
        if LOCK.fullmatch(path) or LOCK_INPUT.fullmatch(path)
    )


def pinning(paths: Iterable[str]) -> list[str]:
    """The paths of workflows, actions and Dockerfiles."""
    return [path for path in paths if re.fullmatch(r"\.github/.*\.ya?ml|(.*/)?Dockerfile", path)]
