"""Turn raw tables into features: the same code for training, evaluation and inference."""

from pathlib import Path

from engine import command_line


def main() -> None:
    parser = command_line.parser(__doc__)
    parser.add_argument("--feature-settings", type=command_line.json_object, required=True)
    parser.add_argument("--tables", type=Path, required=True)
    parser.add_argument("--outcomes", type=Path, help="tables to take the labels from (default: the same)")
    parser.add_argument("--features", type=command_line.output_file)
    parser.add_argument(
        "--hidden", type=command_line.output_file, help="folder for the tables, outcomes hidden"
    )
    arguments = parser.parse_args()

    from components.build_features import features
    from engine.features.assembly import build
    from engine.features.outcomes import hide

    settings, tables = arguments.feature_settings, arguments.tables
    if arguments.hidden:
        hide(features, settings, tables, arguments.hidden)
    if arguments.features:
        build(features, settings, tables, arguments.features, arguments.outcomes)


if __name__ == "__main__":
    command_line.run(main)
