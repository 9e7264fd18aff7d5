"""Fail the run whose verdict did not pass."""

from pathlib import Path

from engine import command_line
from engine.documents.verdicts import read_verdict


def main() -> None:
    parser = command_line.parser(__doc__)
    parser.add_argument("--verdict", type=Path, required=True)
    arguments = parser.parse_args()

    from engine.reporting import terminal
    from engine.wording import text

    verdict = read_verdict(arguments.verdict)
    print(terminal.render(verdict, color=False))
    if not verdict["passed"]:
        raise command_line.Finding(text.printable(f"{verdict['verdict']}: {verdict['reason']}"))


if __name__ == "__main__":
    command_line.run(main)
