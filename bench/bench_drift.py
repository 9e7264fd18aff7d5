"""Drift of a batch, a million rows of 30 numbers: against stored sketches, beside Evidently's PSI preset."""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from engine import command_line, sketches

ROWS, COLUMNS, SHARDS = 1_000_000, 30, 8
LEAST_FASTER, MOST_ERROR = 30, 1e-4
REQUIREMENTS = ("evidently==0.7.23", "pandas<3")  # it does not import with pandas 3
EVIDENTLY = """
import json, resource, sys, time, warnings
import pandas as pd
from evidently import Dataset, DataDefinition, Report
from evidently.presets import DataDriftPreset
warnings.simplefilter("ignore")
reference, batch = (pd.read_parquet(path) for path in sys.argv[1:])
definition = DataDefinition(numerical_columns=list(batch))
reference, batch = (Dataset.from_pandas(each, data_definition=definition) for each in (reference, batch))
start = time.process_time()
found = Report([DataDriftPreset(num_method="psi")]).run(batch, reference).dict()
seconds = time.process_time() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"seconds": seconds, "megabytes": peak, "metrics": len(found["metrics"])}))
"""


def main() -> int:
    command_line.parser(__doc__).parse_args()
    reference, batch = made(seed=1, shift=0.0), made(seed=2, shift=0.02)
    start = time.process_time()
    stored = {name: sketches.sketch(reference[name]) for name in reference.column_names}
    fitting = time.process_time() - start
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, sketches.FILE)
        sketches.write(stored, file)
        stored, size = sketches.read(file), file.stat().st_size
        start = time.process_time()
        counted = count(stored, batch)
        figures = {
            name: (sketches.psi(stored[name], each), stored[name].ks(each)) for name, each in counted.items()
        }
        ours = time.process_time() - start
        theirs = evidently(Path(folder), reference, batch)
    error = max(abs(ks - exact_ks(reference[name], batch[name])) for name, (_, ks) in figures.items())
    parts = [count(stored, batch.slice(at, ROWS // SHARDS)) for at in range(0, ROWS, ROWS // SHARDS)]
    same = all(same_figures(stored[name], counted[name], [part[name] for part in parts]) for name in stored)
    faster = theirs["seconds"] / ours
    print(f"sketches of {ROWS:,} x {COLUMNS}: {fitting:.2f} s once, {size / 1000:.0f} kB stored")
    print(f"a batch against them: {ours:.2f} CPU s; Evidently {theirs['seconds']:.1f} CPU s: {faster:.0f}x")
    print(f"Evidently's peak memory, both tables included: {theirs['megabytes']:,.0f} MB")
    print(
        f"largest error of KS: {error:.1e};"
        f" {SHARDS} parts merge to {'the' if same else 'ANOTHER'} figure of one pass"
    )
    if faster < LEAST_FASTER or error > MOST_ERROR or not same:
        wanted = f"{LEAST_FASTER}x, an error of {MOST_ERROR:g} at most, and equal figures"
        raise command_line.Finding(f"expected {wanted}, found otherwise")
    return 0


def made(seed: int, shift: float) -> pa.Table:
    """Normal, skewed, heavy-tailed, whole, and bounded numbers; every other column of a batch is shifted."""
    random = np.random.default_rng(seed)
    kinds = (
        lambda: random.normal(size=ROWS),
        lambda: random.lognormal(size=ROWS),
        lambda: random.standard_t(3, size=ROWS),
        lambda: random.poisson(20, ROWS).astype(np.float64),
        lambda: random.uniform(size=ROWS),
    )
    columns = {
        f"x{index:02}": pa.array(kinds[index % len(kinds)]() + shift * (index % 2))
        for index in range(COLUMNS)
    }
    return pa.table(columns)


def count(stored: sketches.Sketches, batch: pa.Table) -> sketches.Sketches:
    return {name: sketches.counted(each, batch[name]) for name, each in stored.items()}


def same_figures(usual: sketches.Sketch, whole: sketches.Sketch, parts: list[sketches.Sketch]) -> bool:
    merged = sketches.merged(parts)
    return (sketches.psi(usual, whole), usual.ks(whole)) == (sketches.psi(usual, merged), usual.ks(merged))


def exact_ks(one: pa.ChunkedArray, other: pa.ChunkedArray) -> float:
    """Of all values of both."""
    first, second = (np.sort(each.to_numpy()) for each in (one, other))
    values = np.concatenate([first, second])
    shares = (np.searchsorted(each, values, side="right") / len(each) for each in (first, second))
    return float(np.abs(next(shares) - next(shares)).max())


def evidently(folder: Path, reference: pa.Table, batch: pa.Table) -> dict[str, float]:
    """Seconds and memory of Evidently, in an environment of its own, with the tables in memory already."""
    python = folder / "environment/bin/python"
    for words in (
        ("venv", "--quiet", "--python", sys.executable, str(folder / "environment")),
        ("pip", "install", "--quiet", "--python", str(python), *REQUIREMENTS, "pyarrow"),
    ):
        subprocess.run([sys.executable, "-m", "uv", *words], check=True)
    files = [folder / "reference.parquet", folder / "batch.parquet"]
    for file, table in zip(files, (reference, batch), strict=True):
        pq.write_table(table, file)
    done = subprocess.run([python, "-c", EVIDENTLY, *files], capture_output=True, text=True)
    if done.returncode:
        raise command_line.WorldError(f"Evidently failed: {done.stderr.strip().splitlines()[-1]}")
    return json.loads(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    command_line.run(main)
