"""Score rows with one model; its predictions are told apart by key."""

import argparse
import os
import time
import warnings
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pyarrow as pa

from engine import command_line, tables


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
    batch.add_argument("--model-version", help="what each prediction is marked with")
    arguments = parser.parse_args()
    settings = arguments.feature_settings
    if arguments.rejects:
        predict_batch(arguments, settings)
        return

    table = tables.read_table(arguments.features, [settings["key"], *settings["columns"]])
    file = arguments.model / "model.joblib"
    if file.exists():
        model = load_model(file)
    else:
        print("there is no model, so nothing is predicted")
        table = table.slice(0, 0)
    started = time.perf_counter()
    prediction = []
    if table.num_rows:
        with at_most(int(os.environ.get("OMP_NUM_THREADS", "1"))):
            prediction = predict(model, table.to_pandas(), settings)
    milliseconds = (time.perf_counter() - started) * 1e6 / max(table.num_rows, 1)

    predictions = {settings["key"]: table[settings["key"]], "prediction": pa.array(prediction, pa.float64())}
    metadata = {"milliseconds_per_1000_rows": f"{milliseconds:.3f}"}
    tables.write_table(pa.table(predictions), arguments.predictions, metadata)
    print(f"{table.num_rows} predictions, {milliseconds:.1f} ms for 1000 rows")


def predict_batch(arguments: argparse.Namespace, settings: dict[str, Any]) -> None:
    import joblib

    from engine.scoring.batch import score_batches

    # Of no number of threads but one are sums the same on every machine: for the gate, that matters more.
    threads = int(os.environ.get("OMP_NUM_THREADS") or joblib.cpu_count())
    model = load_model(arguments.model / "model.joblib")
    with at_most(threads):
        scored, rejected = score_batches(
            arguments.features,
            lambda rows: predict(model, rows, settings),
            settings,
            arguments.model_version,
            arguments.predictions,
            arguments.rejects,
        )
    print(f"{scored} predictions, {rejected} rejected rows")


def load_model(file: Path) -> Any:
    """The model, in the very libraries that it was trained with; others may predict otherwise, or fail."""
    import joblib
    from sklearn.exceptions import InconsistentVersionWarning

    with warnings.catch_warnings():
        warnings.simplefilter("error", InconsistentVersionWarning)
        try:
            return joblib.load(file)
        except InconsistentVersionWarning as error:
            raise command_line.SettingsError(
                f"{file}: {error}; score it in the image it was born in"
            ) from None
        except Exception as error:  # whatever bytes that are no model make pickle do
            raise command_line.WorldError(f"{file}: expected a model, found: {error}") from None


def at_most(threads: int) -> AbstractContextManager:
    """So many threads for the libraries that are loaded by now."""
    from threadpoolctl import threadpool_limits

    return threadpool_limits(threads)


def predict(model: Any, rows: Any, settings: dict[str, Any]) -> Any:
    """The probability of the positive class, or the value."""
    features = rows[list(settings["columns"])]
    try:
        if settings["label"]["type"] == "number":
            return model.predict(features)
        return model.predict_proba(features)[:, list(model.classes_).index(1)]
    except ValueError as error:
        raise command_line.SettingsError(
            f"the model does not fit these features: {' '.join(str(error).split())}"
        ) from None


if __name__ == "__main__":
    command_line.run(main)
