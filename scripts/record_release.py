"""Record the hashes of the template's files, with which pull requests are compared."""

from pathlib import Path

from engine.command_line import parser, run


def main() -> None:
    parser(__doc__ or "").parse_args()
    from engine.gate import released_files
    from engine.sources import WorkTree

    root = Path.cwd()
    files = WorkTree(root)
    recorded = released_files.hashes(files, files.paths)
    (root / released_files.PATH).write_text(released_files.text(recorded))
    print(f"{released_files.PATH}: {len(recorded)} files")


if __name__ == "__main__":
    run(main)
