"""Prepare the folder that a change's code runs in: its images, its rows, and what runs them."""

from pathlib import Path

from engine.command_line import parser, run
from engine.github.step import set_outputs

ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--candidate", type=Path, default="candidate", help="the change's checkout")
    options.add_argument("--output", type=Path, default=ROOT / "build/place", help="default: %(default)s")
    arguments = options.parse_args()

    from engine.gate import candidate_place
    from engine.gate.checkouts import read_candidate
    from engine.gate.public_rows import refuse_private_rows

    change = read_candidate(ROOT, arguments.candidate)
    if not change.changes_model:
        print("nothing that makes the model changed: no code of the change runs")
        set_outputs(place="")
        return
    refuse_private_rows(change.control.settings.data)
    candidate_place.prepare(ROOT, change, change.question(None), arguments.output)
    set_outputs(place=str(arguments.output))


if __name__ == "__main__":
    run(main)
