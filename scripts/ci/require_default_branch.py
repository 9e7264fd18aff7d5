"""Require that a workflow which a person started runs on the default branch: what it delivers was merged."""

import json
import os
from pathlib import Path

from engine.command_line import SettingsError, parser, run


def main() -> None:
    parser(__doc__).parse_args()
    event = json.loads(Path(os.environ["GITHUB_EVENT_PATH"]).read_text())
    branch, ref = event["repository"]["default_branch"], os.environ["GITHUB_REF"]
    if os.environ["GITHUB_EVENT_NAME"] == "workflow_dispatch" and ref != f"refs/heads/{branch}":
        raise SettingsError(
            f"{ref}: expected the default branch {branch}, as nothing else is delivered; merge the change, or"
            f" run the workflow on {branch}"
        )


if __name__ == "__main__":
    run(main)
