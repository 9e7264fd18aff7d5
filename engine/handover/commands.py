"""What is left at an address for another place, and what is taken there."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.handover import archive, received
from engine.stores import storage

ROWS = r"(training|outcomes|evaluation)/([A-Za-z_]\w*\.parquet|snapshot\.json)"


def send_rows(uri: str, training: Path, outcomes: Path, evaluation: Path) -> None:
    """Leave the rows of both windows and the outcomes of training, for a candidate to take."""
    _send(uri, {"training": training, "outcomes": outcomes, "evaluation": evaluation})


def take_rows(uri: str, training: Path, outcomes: Path, evaluation: Path) -> None:
    """Take the rows that were left."""
    with _taken(uri, ROWS) as folder:
        for target in (training, outcomes, evaluation):
            target.parent.mkdir(parents=True, exist_ok=True)
        for name, target in (("training", training), ("outcomes", outcomes), ("evaluation", evaluation)):
            (folder / name).rename(target)


def send_features(uri: str, training: Path, evaluation: Path) -> None:
    """Leave the candidate's features, which are not fit for a model."""
    _send(uri, {"training.parquet": training, "evaluation.parquet": evaluation})


def send_candidate(
    uri: str, training: Path, evaluation: Path, predictions: Path, record: Path, model: Path
) -> None:
    """Leave the candidate's features, predictions, training record and model."""
    features = {"training.parquet": training, "evaluation.parquet": evaluation}
    made = {"predictions.parquet": predictions, "record.json": record, "model.joblib": model / "model.joblib"}
    _send(uri, features | made)


def receive_features(uri: str, truth: Path, control: Path, training: Path, evaluation: Path) -> None:
    """Check the candidate's features, as foreign data, and write them again."""
    with _taken(uri, received.NAMES) as folder:
        received.receive_features(folder, truth, control, training, evaluation)


def receive_model(uri: str, truth: Path, predictions: Path, record: Path) -> None:
    """Check the candidate's predictions and record, as foreign data, and write them again."""
    with _taken(uri, received.NAMES) as folder:
        received.receive_model(folder, truth, predictions, record)


def _send(uri: str, parts: dict[str, Path]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "handover.tar"
        archive.pack(parts, file)
        storage.write_bytes(uri, file.read_bytes())
    print(f"{', '.join(parts)}: left at {uri}")


@contextmanager
def _taken(uri: str, names: str) -> Iterator[Path]:
    """The files that were left at `uri`, in a folder."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "handover.tar"
        file.write_bytes(storage.read_bytes(uri))
        archive.unpack(file, names, Path(folder) / "files")
        yield Path(folder) / "files"
