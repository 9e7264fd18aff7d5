"""Train the scikit-learn estimator that the settings name, its preprocessing included."""

from pathlib import Path

from engine import command_line


def main() -> None:
    parser = command_line.parser(__doc__)
    parser.add_argument("--training-settings", type=command_line.json_object, required=True)
    parser.add_argument("--feature-settings", type=command_line.json_object, required=True)
    parser.add_argument("--features", type=Path, required=True)
    parser.add_argument("--model", type=command_line.output_file, required=True)
    parser.add_argument("--record", type=command_line.output_file, required=True)
    arguments = parser.parse_args()

    from engine.training.training import train

    train(
        arguments.features,
        arguments.training_settings,
        arguments.feature_settings,
        arguments.model,
        arguments.record,
    )


if __name__ == "__main__":
    command_line.run(main)
