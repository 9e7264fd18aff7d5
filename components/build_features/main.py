"""Turn raw tables into features: the same code for training, evaluation and inference."""

from pathlib import Path

from engine import command_line


def main() -> None:
    parser = command_line.parser(__doc__)
    parser.add_argument("--feature-settings", type=command_line.json_object, required=True)
    parser.add_argument("--tables", type=Path, required=True)
    parser.add_argument("--features", type=command_line.output_file, required=True)
    arguments = parser.parse_args()

    from components.build_features import features
    from engine.features.assembly import build

    build(features, arguments.feature_settings, arguments.tables, arguments.features)


if __name__ == "__main__":
    command_line.run(main)
