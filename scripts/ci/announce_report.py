"""Announce the address of a report where the jobs that run a change's code cannot write."""

from engine.command_line import parser, run
from engine.github.step import REPORT, add_notice


def main() -> None:
    options = parser(__doc__)
    options.add_argument("address", help="of the artifact, as upload-artifact has it")
    add_notice(options.parse_args().address, title=REPORT)


if __name__ == "__main__":
    run(main)
