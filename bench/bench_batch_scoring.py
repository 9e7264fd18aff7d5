"""Batch scoring: predict_batch from file to file, beside bare predict on chunks already in memory."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from engine import command_line

ROWS, FEWER, COLUMNS, CHUNK, TURNS = 10_000_000, 3_000_000, 20, 131_072, 2
LEAST_SHARE, MOST_MEGABYTES, MOST_GROWTH = 0.85, 600, 0.10
NAMES = [f"x{number}" for number in range(COLUMNS)]
SETTINGS = {
    "key": "key",
    "time": "time",
    "label": {"name": "label", "type": "binary"},
    "columns": {name: {"type": "number", "known": "before", "min": -100, "max": 100} for name in NAMES},
}
OURS = """
import json, re, sys, time
from pathlib import Path
started = time.perf_counter()
from engine.scoring.scoring import predict_batch
model, settings, features, version, predictions, rejects = sys.argv[1:]
predict_batch(Path(model), json.loads(settings), Path(features), version, Path(predictions), Path(rejects))
seconds = time.perf_counter() - started
# Not ru_maxrss, which begins with the parent's.
peak = re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())
print(seconds, int(peak[1]) * 1024 / 1e6)
"""
BARE = """
import sys, time
from pathlib import Path
from bench.bench_batch_scoring import frames
folder, rows = Path(sys.argv[1]), int(sys.argv[2])
started = time.perf_counter()
import joblib, pandas
model = joblib.load(folder / "model/model.joblib")
seconds = time.perf_counter() - started
chunks = frames()
started = time.perf_counter()
while rows > 0:
    for chunk in chunks:
        model.predict_proba(chunk)
        rows -= len(chunk)
print(seconds + time.perf_counter() - started)
"""


def main() -> int:
    command_line.parser(__doc__).parse_args()
    print(f"Gradient boosting of 100 trees on {COLUMNS} columns of float32, all processors, best of {TURNS}.")
    print(f"Both count their imports; ours reading, checks and writing, too, of {ROWS:,} rows.\n")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_model(folder / "model")
        for rows in (FEWER, ROWS):
            make_features(folder / str(rows), rows)
        _, few = ours(folder, FEWER)
        turns = [(bare(folder), *ours(folder, ROWS)) for _ in range(TURNS)]
    slow, fast, peaks = zip(*((mine, theirs, peak) for theirs, mine, peak in turns), strict=True)
    share, peak = min(fast) / min(slow), max(peaks)
    print(f"{'':<16}{'rows/s':>12}{'MB at ' + f'{FEWER:,}':>18}{'MB at ' + f'{ROWS:,}':>18}")
    print(f"{'bare predict':<16}{ROWS / min(fast):>12,.0f}")
    print(f"{'predict_batch':<16}{ROWS / min(slow):>12,.0f}{few:>18,.0f}{peak:>18,.0f}\n")
    kept = share >= LEAST_SHARE, peak <= MOST_MEGABYTES, abs(peak / few - 1) <= MOST_GROWTH
    print(
        f"{share:.2f} of bare (at least {LEAST_SHARE}), {peak:,.0f} MB (at most {MOST_MEGABYTES}), "
        f"{peak / few - 1:+.1%} with the rows (within {MOST_GROWTH:.0%})"
    )
    return 0 if all(kept) else command_line.Finding.status


def make_model(folder: Path) -> None:
    import joblib
    import numpy as np
    import pandas as pd
    from sklearn.ensemble import HistGradientBoostingClassifier

    random = np.random.default_rng(1)
    rows = pd.DataFrame(random.normal(size=(100_000, COLUMNS)).astype("float32"), columns=NAMES)
    label = rows["x0"] * rows["x1"] + rows["x2"] + random.normal(size=len(rows)) > 0
    folder.mkdir()
    model = HistGradientBoostingClassifier(max_iter=100, early_stopping=False).fit(rows, label.astype(int))
    joblib.dump(model, folder / "model.joblib")


def make_features(path: Path, rows: int) -> None:
    """As build_features would write them: key, time, and the features."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    values = dict(zip(NAMES, _values(1_000_000).T, strict=True))
    start = np.datetime64("2026-01-01", "ms")
    writer = None
    for first in range(0, rows, 1_000_000):
        key = np.arange(first, first + 1_000_000)
        table = pa.table({"key": key, "time": start + key // 1000, **values})
        writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
        writer.write_table(table)
    writer.close()


def frames() -> list:
    """A million rows as data frames that predict takes as they are."""
    import pandas as pd

    values = _values(1_000_000)
    starts = range(0, len(values), CHUNK)
    return [pd.DataFrame(values[start : start + CHUNK], columns=NAMES) for start in starts]


def _values(rows: int):
    import numpy as np

    return np.random.default_rng(2).normal(size=(rows, COLUMNS)).astype("float32")


def ours(folder: Path, rows: int) -> tuple[float, float]:
    """Seconds and peak megabytes of what score_model's command calls."""
    written = (str(folder / "predictions"), str(folder / "rejects"))
    model, features = str(folder / "model"), str(folder / str(rows))
    seconds, megabytes = _run(OURS, model, json.dumps(SETTINGS), features, "0" * 64, *written)
    return seconds, megabytes


def bare(folder: Path) -> float:
    (seconds,) = _run(BARE, str(folder), str(ROWS))
    return seconds


def _run(program: str, *words: str) -> list[float]:
    """The numbers in the last line that a fresh process prints."""
    command = [sys.executable, "-c", program, *words]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return [float(number) for number in done.stdout.splitlines()[-1].split()]


if __name__ == "__main__":
    command_line.run(main)
