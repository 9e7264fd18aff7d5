"""Upload compiled pipelines: a new version for new content, and nothing where it is there already."""

from pathlib import Path

from components.shared.command_line import SettingsError, WorldError, parser, run

COMPILED = Path("build/pipelines")


def main() -> int:
    options = parser(__doc__)
    options.add_argument("paths", nargs="*", type=Path, metavar="YAML", help=f"default: {COMPILED}/*.yaml")
    options.add_argument("--dry-run", action="store_true", help="say what would be uploaded")
    arguments = options.parse_args()
    paths = arguments.paths or sorted(COMPILED.glob("*.yaml"))
    if not paths:
        raise SettingsError(
            f"{COMPILED}: expected compiled pipelines, found none: compile_pipelines makes them"
        )

    from scripts.lib.endpoint import connect
    from scripts.lib.uploads import read_spec, upload

    for path in paths:
        read_spec(path)
    with connect(Path.cwd()) as client:
        for path in paths:
            print(upload(client, path, _commit(), arguments.dry_run), flush=True)
    return 0


def _commit() -> str:
    """Where the uploaded content comes from, as far as that is known."""
    from scripts.lib.sources import resolve_commit

    try:
        return f"commit {resolve_commit(Path.cwd(), 'HEAD')}"
    except (SettingsError, WorldError):
        return ""


if __name__ == "__main__":
    run(main)
