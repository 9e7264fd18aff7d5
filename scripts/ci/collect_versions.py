"""Delete old versions of this project's pipelines from the endpoint, except those still in use."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from engine.command_line import SettingsError, parser, run
from engine.github.step import add_summary

if TYPE_CHECKING:
    from engine.kubeflow.kfp_client import Client

KEPT = 10


def main() -> int:
    arguments = _parser().parse_args()
    if arguments.keep < 1:
        raise SettingsError(f"--keep: expected 1 or more, found {arguments.keep}")

    from engine.kubeflow.endpoint import connect
    from engine.kubeflow.uploads import find_pipeline

    root, lines = Path.cwd(), []
    done = "would be deleted" if arguments.dry_run else "deleted"
    with connect(root) as client:
        used = _used(client)
        for name in sorted(path.stem for path in (root / "pipelines").glob("*.py")):
            if not (pipeline_id := find_pipeline(client, name)):
                continue
            for version_id, version in _old(client, pipeline_id, arguments.keep, used):
                if not arguments.dry_run:
                    _delete(client, pipeline_id, version_id)
                lines.append(f"- {name} {version}: {done}\n")
    text = "".join(lines) or f"No version is older than the newest {arguments.keep} and unused.\n"
    print(text, end="")
    add_summary(text)
    return 0


def _parser() -> argparse.ArgumentParser:
    options = parser(__doc__)
    options.add_argument(
        "--keep", type=int, default=KEPT, metavar="N", help="newest of each pipeline (default: %(default)s)"
    )
    options.add_argument("--dry-run", action="store_true", help="say what would be deleted")
    return options


def _used(client: "Client") -> set[str]:
    """Versions that a recurring run names, enabled or not, or a run that has not ended."""
    from engine.kubeflow import kfp_lists
    from engine.kubeflow.runs import FINAL

    users = [run for run in kfp_lists.runs(client, "") if run.state not in FINAL]
    references = [user.pipeline_version_reference for user in (*users, *kfp_lists.recurring_runs(client))]
    return {reference.pipeline_version_id for reference in references if reference}


def _old(client: "Client", pipeline_id: str, keep: int, used: set[str]) -> list[tuple[str, str]]:
    """Id and name of each version to delete: of those that this project named, all but the newest."""
    from engine.kubeflow import kfp_lists
    from engine.kubeflow.uploads import NAME

    versions = kfp_lists.versions(client, pipeline_id)
    ours = [version for version in versions if NAME.fullmatch(version.display_name)]
    return [
        (each.pipeline_version_id, each.display_name)
        for each in ours[keep:]
        if each.pipeline_version_id not in used
    ]


def _delete(client: "Client", pipeline_id: str, version_id: str) -> None:
    from engine.kubeflow.kfp_client import Refused

    try:
        client.delete_pipeline_version(pipeline_id, version_id)
    except Refused as error:
        if error.code != 404:  # another was faster
            raise


if __name__ == "__main__":
    run(main)
