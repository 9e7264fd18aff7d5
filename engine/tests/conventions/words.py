"""Texts use plain words: the phrases that design and review replaced do not come back."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from engine.tests.conventions.rules import breach, found, lines, modules, programs, rule

TEXTS = ("*.md", "docs/**/*.md", "Makefile", ".github/**/*.yml")
CODE = tuple(
    f"{folder}/**/*.py"
    for folder in ("bench", "components", "demo", "engine", "local_kfp", "pipelines", "scripts")
)
DATA = ('"nobody', "s3://nobody", "of-nobody", "a comment amid")
"""Marks the lines of tests whose word is data: a user that does not exist, a hashed Dockerfile."""

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
    r"(?<=,\s)for (?:(?!(?:as|that|which|what|who|whose|when|if|each|every|and) )[\w`'-]+ ){1,4}"
    r"(?:is|are|was|were|has|have|had|wants|asks|tells|makes|does|may|must|got|gives|needs)\b": "because",
    r"(?:None|\w*Error|Refused|Denied|NotFound|Invalid|also|nothing|empty|all|otherwise) where"
    r"|where (?:there (?:is|are|was)|no|none|nothing|one|two|an? \w+ (?:has|fails)) ?"
    r"|where (?:it|they|that|those|these) (?:fails?|failed|can|cannot|has|have|had|differ|does|did)": "if",
}
UNCLEAR = set(["told", "anew", "amid", "shall", "whoever", "nobody", "somebody", "anybody", "mend", "mends"])
"""Words that no name has."""
PRONOUNS = {"found", "told", "given", "asked", "said", "about", "it", "thing"}
"""Names that say nothing of the value; in a document, they are keys."""
VAGUE = re.compile(
    r"test_(?:it|its|what|who|whoever|there|that|which|where|this|these|they|not|one_that|others)_\w+"
    r"|test_[a-z0-9]+(?:_[a-z0-9]+)?"
    r"|test_\w*_(?:(?:is|are)_said|(?:that_is|that_are|is)_none|as_such|everybody|somebody|nobody)(?:_\w+)?"
)
"""Names of tests without a subject, without a behaviour, or with a word that says neither."""
GAP = r"\s+(?:#:?\s+|>\s+)?"
"""What is between two words: a space, or the end of a line and the mark of the next."""
PHRASES = {
    re.compile(rf"\b(?:{phrase.replace(' ', GAP)})\b", re.IGNORECASE): plain
    for phrase, plain in PLAIN.items()
}


@rule(
    breach("docs/monitoring.md:2", "# Monitoring\nAn alarm trains anew.\n"),
    breach("README.md:1", "The image is old, for nothing else is there.\n"),
    breach("docs/gate.md:1", "Name a command, for an image here has no entry point.\n"),
    breach("docs/gate.md:1", "An issue opens where it failed.\n"),
    breach("engine/gate/a.py:1", '"""The host; None where there is none."""\n'),
    breach("Makefile:1", "demo: ## the year 2013, told in minutes\n"),
    breach(".github/workflows/patches.yml:1", "# Opens an issue where nobody is watching.\n"),
    breach("engine/gate/a.py:1", '"""Whoever asks."""\n'),
    breach("docs/gate.md:1", "What is broken is\ntold in a line.\n"),
    breach("engine/gate/a.py:1", '"""What is broken is\n    told."""\n'),
    breach("engine/tests/test_a.py:1", '"""The endpoint starts anew."""\n'),
)
def texts_use_plain_words(root: Path) -> Iterator[str]:
    yield from breaches(root, *TEXTS, *CODE)


def breaches(root: Path, *patterns: str) -> Iterator[str]:
    """`file:line: expected ..., found ...` of each phrase, also of one that goes on in the next line."""
    for name, path in found(root, *patterns):
        if path == Path(__file__):
            continue
        text = path.read_text()
        shown = text.splitlines()
        for phrase, plain in PHRASES.items():
            for match in phrase.finditer(text):
                number = text.count("\n", 0, match.start())
                if not ("tests/" in name and any(mark in shown[number].lower() for mark in DATA)):
                    yield f"{name}:{number + 1}: expected plain words ({plain}), found {match[0]!r}"


@rule(
    breach("engine/gate/a.py:1", "def told(): ...\n"),
    breach("scripts/a.py:1", "def main(toldTwice): ...\n"),
    breach("demo/a.py:1", "class RunToldAgain: ...\n"),
    breach("bench/a.py:1", "_made_anew = 1\n"),
    breach("engine/tests/test_a.py:2", "\ndef test_nobody_listens(): ...\n"),
)
def names_use_plain_words(root: Path) -> Iterator[str]:
    for file, tree in modules(root, *CODE):
        for node in ast.walk(tree):
            for name in defined(node):
                words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name)
                if unclear := UNCLEAR & {word.lower() for word in words}:
                    yield f"{file}:{node.lineno}: expected a plain name, found {unclear.pop()!r} in {name}"


@rule(
    breach("engine/tests/test_a.py:1", "def test_it_ends(): ...\n"),
    breach("engine/tests/test_a.py:1", "def test_what_is_no_verdict_never_passes(): ...\n"),
    breach("engine/tests/test_a.py:2", "\ndef test_wrong_types(): ...\n"),
    breach("local_kfp/tests/test_a.py:1", "def test_ranges(): ...\n"),
    breach("local_kfp/tests/test_a.py:1", "def test_a_truncated_table_is_said(): ...\n"),
    breach("engine/tests/test_a.py:1", "def test_a_tag_that_is_none_writes_nowhere(): ...\n"),
)
def tests_name_a_subject_and_a_behaviour(root: Path) -> Iterator[str]:
    for file, tree in modules(root, "engine/tests/**/*.py", "local_kfp/tests/**/*.py"):
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and VAGUE.fullmatch(node.name):
                yield f"{file}:{node.lineno}: expected a test named subject and behaviour, found {node.name}"


@rule(
    breach("engine/gate/a.py:2", "def f(rows):\n    found = rows[0]\n    return found\n"),
    breach("scripts/a.py:1", "def main(asked): ...\n"),
    breach("local_kfp/server/a.py:1", "lines = [it for it in ()]\n"),
)
def names_are_nouns_of_the_field(root: Path) -> Iterator[str]:
    for file, tree in programs(root):
        keys = {
            id(node.target) for node in ast.walk(tree) if isinstance(node, ast.AnnAssign) and not node.value
        }
        for node in ast.walk(tree):
            for name in defined(node):
                if name in PRONOUNS and id(node) not in keys:
                    yield f"{file}:{node.lineno}: expected a noun that says what it is, found {name}"


def defined(node: ast.AST) -> Iterator[str]:
    """The names of functions, classes, arguments and variables that `node` brings into being."""
    match node:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.arg(arg=name):
            yield name
        case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
            yield name


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
