"""Refuse features that no model should be trained or judged on, with the rows counted and named."""

from pathlib import Path

from engine import command_line


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

    from engine.validation.validation import validate

    count = validate(arguments.training, arguments.evaluation, arguments.feature_settings, arguments.findings)
    arguments.valid.write_text("false" if count else "true")
    if count and arguments.fail_on_finding == "true":
        raise command_line.Finding(f"{count} finding{'s' if count > 1 else ''}; see above")


if __name__ == "__main__":
    command_line.run(main)
