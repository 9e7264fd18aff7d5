"""Texts use plain words: the phrases that design and review replaced do not come back."""

import re
from collections.abc import Iterator
from pathlib import Path

from engine.tests.conventions.rules import breach, lines, rule

TEXTS = ("*.md", "docs/**/*.md", "Makefile", ".github/**/*.yml")
CODE = tuple(
    f"{folder}/**/*.py"
    for folder in ("bench", "components", "demo", "engine", "local_kfp", "pipelines", "scripts")
)
TESTS = "/tests/"
"""Below it, names and texts of tests are not rewritten yet."""

PLAIN = {
    r"anew": "again",
    r"amid": "among",
    r"shall": "must, or the plain verb",
    r"whoever": "anyone who",
    r"nobody|somebody|anybody": "who it is, or the passive",
    r"is told|are told|told in|unless told|failure to be told": "what is reported, or set",
    r"mends?": "fix",
    r"that (?:is|are) (?-i:none)": "not valid",
    r"goes by the clock|the clock starts": "schedule",
    r"what stands where": "layout",
    r"(?<=, )for (?:it|its|an?|the|there|they|no|nothing|another|MLServer|Kubeflow)"
    r"(?= (?:[\w-]+ )?(?:is|are|was|were|has|wants|asks|tells|makes|does)\b)": "because",
}
PHRASES = {re.compile(rf"\b(?:{phrase})\b", re.IGNORECASE): plain for phrase, plain in PLAIN.items()}


@rule(
    breach("docs/monitoring.md:2", "# Monitoring\nAn alarm trains anew.\n"),
    breach("README.md:1", "The image is old, for nothing else is there.\n"),
    breach("Makefile:1", "demo: ## the year 2013, told in minutes\n"),
    breach(".github/workflows/patches.yml:1", "# Opens an issue where nobody is watching.\n"),
    breach("engine/gate/a.py:1", '"""Whoever asks."""\n'),
)
def texts_use_plain_words(root: Path) -> Iterator[str]:
    found = breaches(root, *TEXTS, *CODE)
    yield from (each for each in found if TESTS not in each.partition(":")[0])


def breaches(root: Path, *patterns: str) -> Iterator[str]:
    """`file:line: expected ..., found ...` of each phrase."""
    for where, line in lines(root, *patterns):
        for phrase, plain in PHRASES.items():
            if match := phrase.search(line):
                yield f"{where}: expected plain words ({plain}), found {match[0]!r}"


@rule(
    breach("README.md:2", "# Model\nSee [serving](docs/serving.md).\n"),
    breach("docs/serving.md:1", "[Model](../README.md) [schema](../a.json)\n", {"README.md": "# Model\n"}),
)
def links_lead_to_files(root: Path) -> Iterator[str]:
    for where, line in lines(root, "*.md", "docs/**/*.md"):
        page = root / where.partition(":")[0]
        for target in re.findall(r"\]\(([^)#\s]+)", line):
            if "://" not in target and not (page.parent / target).exists():
                yield f"{where}: expected a link to a file that exists, found {target}"
