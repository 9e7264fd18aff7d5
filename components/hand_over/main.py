"""Pass rows to the place where a change's code runs, and take back what its model predicts."""

from functools import partial
from pathlib import Path
from typing import Any

from engine.command_line import output_file, parser, run


def main() -> None:
    options = parser(__doc__)
    subparsers = options.add_subparsers(required=True, metavar="command")

    def command(name: str, summary: str) -> Any:
        own = subparsers.add_parser(name, help=summary, description=summary, allow_abbrev=False)
        own.set_defaults(command=name)
        return partial(own.add_argument, required=True)

    flag = command("send_rows", "leave the rows of both windows and the outcomes of training for a candidate")
    flag("--uri", help="file:// or s3:// address of the tar")
    flag("--training", type=Path, help="folder of tables, outcomes hidden")
    flag("--outcomes", type=Path, help="the same tables, outcomes included")
    flag("--evaluation", type=Path, help="folder of tables, outcomes hidden")

    flag = command("take_rows", "take the rows that were left")
    flag("--uri")
    flag("--training", type=output_file)
    flag("--outcomes", type=output_file)
    flag("--evaluation", type=output_file)

    flag = command("send_features", "leave the candidate's features, which are not fit for a model")
    flag("--uri")
    flag("--training", type=Path)
    flag("--evaluation", type=Path)

    flag = command("send_candidate", "leave the candidate's features, predictions, training record and model")
    flag("--uri")
    flag("--training", type=Path)
    flag("--evaluation", type=Path)
    flag("--predictions", type=Path)
    flag("--record", type=Path)
    flag("--model", type=Path, help="folder of model.joblib")

    flag = command("receive_features", "check the candidate's features, as foreign data")
    flag("--uri")
    flag("--truth", type=Path, help="the control's features of the evaluation rows, with labels")
    flag("--control", type=Path, help="the control's features of the training rows")
    flag("--training", type=output_file)
    flag("--evaluation", type=output_file)

    flag = command("receive_model", "check the candidate's predictions and record, as foreign data")
    flag("--uri")
    flag("--truth", type=Path)
    flag("--predictions", type=output_file)
    flag("--record", type=output_file)

    arguments = vars(options.parse_args())

    from engine.handover import commands

    getattr(commands, arguments.pop("command"))(**arguments)


if __name__ == "__main__":
    run(main)
