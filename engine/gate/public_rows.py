"""Keeps private rows out of a public repository, whose artifacts anyone can download."""

import json
import os
from pathlib import Path

from engine.command_line import SettingsError
from engine.settings.data_schema import Data

PRIVATE = ("s3://", "file://")
"""Where rows lie that only credentials or this machine can read."""


def refuse_private_rows(data: Data) -> None:
    """SettingsError if a run of a public repository would leave rows of a private place in an artifact.

    `data` are the base's settings. Outside of GitHub Actions nothing is left anywhere.
    """
    event = os.environ.get("GITHUB_EVENT_PATH")
    if not event or data.public or _is_private(Path(event)):
        return
    for name, table in data.tables.items():
        if table.uri.startswith(PRIVATE):
            raise SettingsError(
                f"data.tables.{name}: expected rows that anyone may read, found {table.uri} in a public"
                " repository, where the rows that a pull request's code gets are an artifact that anyone can"
                " download; make the repository private, or set data.public: true if the rows are public"
            )


def _is_private(event: Path) -> bool:
    """Whether the event says that the repository is private or internal."""
    return json.loads(event.read_bytes()).get("repository", {}).get("private") is True
