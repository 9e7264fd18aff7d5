"""What a change replaces, as rows and lines; light enough for any command to import."""

from typing import NamedTuple

from engine.documents.changes import Changes
from engine.documents.parts import Provenance
from engine.wording.text import names, printable

MOST_LINES = 12
ROWS = ("windows.", "label.matures_after_days", "data.as_of", "data.tables")
"""Settings that say which rows there are."""


class ReplacedRow(NamedTuple):
    """A row of a table; `old` and `new` are "" if there is no value."""

    kind: str
    name: str
    old: str
    new: str


def replaced_rows(changes: Changes) -> list[ReplacedRow]:
    """Features first, then settings, then libraries with the components that lock them."""
    rows = [ReplacedRow("feature added", name, "", "") for name in changes["features_added"]]
    rows += [ReplacedRow("feature removed", name, "", "") for name in changes["features_removed"]]
    for setting in changes["settings"]:
        rows.append(ReplacedRow("setting", setting["name"], setting["old"] or "", setting["new"] or ""))
    for library in changes["libraries"]:
        name = f"{library['name']} ({', '.join(library['components'])})"
        rows.append(ReplacedRow("library", name, library["old"] or "", library["new"] or ""))
    return rows


def replaced_lines(changes: Changes) -> list[str]:
    """The first rows as lines of text, and how many there are beside them."""
    rows = replaced_rows(changes)
    lines = [printable(line_of(row)) for row in rows[:MOST_LINES]]
    more = len(rows) - len(lines) + changes["omitted"]
    return [*lines, f"{more:,} more are in the report"] if more else lines


def later_rows(provenance: Provenance) -> list[str]:
    """The settings of which rows there are that count after the merge only, with old and new value."""
    changes = provenance.get("changes")
    later = {*names(provenance.get("counts_after_the_merge"))}
    return [
        f"{each['name']} {each['old'] or 'none'} → {each['new'] or 'none'}"
        for each in (changes["settings"] if changes else [])
        if each["name"].startswith(ROWS) and f"mlops.yaml: {each['name']}" in later
    ]


def line_of(row: ReplacedRow) -> str:
    if not row.old and not row.new:
        return f"{row.kind}: {row.name}"
    return f"{row.kind} {row.name}: {row.old or 'none'} → {row.new or 'none'}"
