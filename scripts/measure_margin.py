"""Measure how much the seed alone changes the metric: use that spread as `policies.margin`.

The margin is a quantile, at `policies.confidence`, of how far apart two models are that differ by their seeds
only, scored on the same rows: what retraining unchanged code does. Of all pairs it takes one that was seen
(the next higher), rounded up to two digits. The interval of a difference, clustered by day, is no part of it:
the gate holds the whole interval against the margin already, and would count the same noise twice.
"""

import json
import math
import subprocess
import sys
from argparse import ArgumentTypeError
from datetime import date
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from engine.command_line import Finding, SettingsError, WorldError, day, parser, run

if TYPE_CHECKING:
    from engine.settings.settings_schema import Settings

SETTINGS_FILE = "mlops.yaml"


def main() -> None:
    options = parser(__doc__)
    options.add_argument(
        "--seeds", type=_count, default=10, metavar="N", help="number of models; default: 10"
    )
    options.add_argument("--as-of", type=day, metavar="DAY", help="the day that the windows count back from")
    options.add_argument(
        "--write",
        action="store_true",
        help=f"put the margin, and as a comment where it came from, on its line of {SETTINGS_FILE}",
    )
    arguments = options.parse_args()

    import numpy as np

    from engine import tables
    from engine.settings import settings
    from engine.settings.written_settings import with_value

    file = Path.cwd() / SETTINGS_FILE
    settings_of_file = settings.load(file)
    as_of = arguments.as_of or settings_of_file.as_of()
    with TemporaryDirectory() as folder:
        values, rows = measure(settings_of_file, file.parent, as_of, range(arguments.seeds), Path(folder))
    apart = [abs(one - other) for one, other in combinations(values, 2)]
    quantile = float(np.quantile(apart, settings_of_file.policies.confidence, method="higher"))
    margin = np.format_float_positional(rounded_up(quantile), trim="0")
    share = f"{settings_of_file.policies.confidence:.0%} of {len(values)} seeds' pairs"
    print(f"{rows} rows, {len(apart)} pairs: median {np.median(apart):.6f}, largest {max(apart):.6f} apart")
    print(
        f"{share} within {quantile:.6f}: margin {margin} ({file.name} has {settings_of_file.policies.margin})"
    )
    if arguments.write:
        comment = f"{share} within {quantile:.2g} ({rows} rows, as of {as_of})"
        now = file.read_bytes().decode()  # it may have been edited meanwhile
        text = with_value(now, ("policies", "margin"), margin, comment)
        with tables.written_whole(file) as unfinished:
            unfinished.write_bytes(text.encode())
        print(f"{file.name}: written")


def measure(
    settings: "Settings", root: Path, as_of: date, seeds: range, folder: Path
) -> tuple[list[float], int]:
    """The metric of each seed's model, and on how many rows; each is made as the pipelines make it."""
    import numpy as np

    from engine.documents import files
    from engine.documents.record import TrainingRecord
    from engine.metrics.known_metrics import known_metrics
    from engine.metrics.metric import Undefined
    from engine.tables import read_table
    from engine.tables.columns import floats

    feature_settings = ("--feature-settings", settings.feature_settings())
    features = {window: folder / f"{window}.parquet" for window in ("training", "evaluation")}
    for window, path in features.items():
        data = ("--data-settings", settings.data_settings(root), "--window", window, "--as-of", str(as_of))
        component("load_data", *data, "--tables", folder / window)
        component("build_features", *feature_settings, "--tables", folder / window, "--features", path)
    label = floats(read_table(features["evaluation"], [settings.label.name])[settings.label.name])
    labelled, values = ~np.isnan(label), []
    metric = known_metrics()[settings.metric.name]
    print(f"{'seed':>5}  {metric.name}")
    for seed in seeds:
        training = json.dumps(json.loads(settings.training_settings()) | {"seed": seed})
        model, predictions = ("--model", folder / "model"), folder / "predictions.parquet"
        options = ("--training-settings", training, *feature_settings, "--features", features["training"])
        component("train_model", *options, *model, "--record", folder / "record.json")
        scored = (*model, *feature_settings, "--features", features["evaluation"])
        component("score_model", *scored, "--predictions", predictions)
        prediction = floats(read_table(predictions)["prediction"])
        if metric.decides:
            thresholds = files.read(folder / "record.json", TrainingRecord).get("thresholds", {})
            prediction = (prediction >= thresholds.get(metric.name, 0.5)).astype(float)
        try:
            values.append(metric.estimate(label[labelled], prediction[labelled])[0])
        except Undefined as error:
            raise Finding(str(error)) from None
        print(f"{seed:>5}  {values[-1]:.6f}", flush=True)
    return values, int(labelled.sum())


def component(name: str, *arguments: str | Path) -> None:
    """Run a component to its end; its error is ours."""
    command = [sys.executable, "-m", f"components.{name}.main", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        error = (done.stderr.strip().splitlines() or [f"exit {done.returncode}"])[-1].removeprefix("error: ")
        kinds = {kind.status: kind for kind in (Finding, SettingsError)}
        raise kinds.get(done.returncode, WorldError)(f"{name}: {error}")


def rounded_up(value: float) -> float:
    """To two significant digits."""
    if value == 0:
        return 0.0
    digits = 1 - math.floor(math.log10(value))
    return float(round(math.ceil(round(value * 10**digits, 6)) / 10**digits, digits))


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 2:
        raise ArgumentTypeError(f"expected a whole number, 2 at least, found {text!r}")
    return int(text)


if __name__ == "__main__":
    run(main)
