"""Refuse features that no model should be trained or judged on, with the rows counted and named."""

from pathlib import Path

from engine import command_line, tables


def main() -> None:
    parser = command_line.parser(__doc__)
    parser.add_argument("--feature-settings", type=command_line.json_object, required=True)
    parser.add_argument("--training", type=Path, required=True)
    parser.add_argument("--evaluation", type=Path, required=True)
    parser.add_argument("--findings", type=command_line.output_file, required=True)
    parser.add_argument(
        "--valid", type=command_line.output_file, required=True, help="where to write true or false"
    )
    parser.add_argument("--fail-on-finding", choices=["true", "false"], default="false")
    arguments = parser.parse_args()

    from engine.validation import checks

    training, evaluation = tables.read_table(arguments.training), tables.read_table(arguments.evaluation)
    found = checks.find(training, evaluation, arguments.feature_settings)
    for kind, entries in found.items():
        for entry in entries:
            print(f"{kind.removesuffix('s')}: {entry['message']} [{entry['check']}]")
    tables.write_json(found, arguments.findings)
    arguments.valid.write_text("false" if found["findings"] else "true")
    if not found["findings"]:
        print(f"{training.num_rows} rows of training and {evaluation.num_rows} of evaluation are fit for use")
    elif arguments.fail_on_finding == "true":
        count = len(found["findings"])
        raise command_line.Finding(f"{count} finding{'s' if count > 1 else ''}; see above")


if __name__ == "__main__":
    command_line.run(main)
