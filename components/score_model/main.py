"""Score rows with one model; predictions and rows are matched by key."""

from pathlib import Path

from engine import command_line


def main() -> None:
    parser = command_line.parser(__doc__)
    parser.add_argument(
        "--model", type=Path, required=True, help="folder of model.joblib; empty: no model yet"
    )
    parser.add_argument("--feature-settings", type=command_line.json_object, required=True)
    parser.add_argument("--features", type=Path, required=True)
    parser.add_argument("--predictions", type=command_line.output_file, required=True)
    batch = parser.add_argument_group("of a batch, scored as a stream")
    batch.add_argument("--rejects", type=command_line.output_file, help="file for rows that cannot be scored")
    batch.add_argument("--model-version", help="the version to write beside each prediction")
    arguments = parser.parse_args()

    from engine.scoring import scoring

    scored = (arguments.model, arguments.feature_settings, arguments.features)
    if arguments.rejects:
        scoring.predict_batch(*scored, arguments.model_version, arguments.predictions, arguments.rejects)
    else:
        scoring.score(*scored, arguments.predictions)


if __name__ == "__main__":
    command_line.run(main)
