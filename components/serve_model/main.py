"""Serve one scikit-learn model, known by its SHA-256, over the V2 inference protocol."""

import json
import os
from pathlib import Path

from engine import command_line
from engine.command_line import SettingsError
from engine.command_line.component_settings import Column
from engine.command_line.typed_json import checked

MODEL_FILE = "model.joblib"


def main() -> None:
    command_line.parser(__doc__).parse_args()
    wanted = ("MLSERVER_MODEL_NAME", "MLSERVER_MODEL_URI", "MODEL_SHA256")
    name, folder, expected = map(setting, wanted)
    columns = columns_of(setting("MODEL_COLUMNS", "{}"))
    # More threads for one row wait for each other longer than they save, for seconds if cores are busy.
    os.environ.setdefault("OMP_NUM_THREADS", "1")

    from engine.model_server.model_file import load_model, verified

    # Before the server begins to listen, so that what answers at all has a model that is the right one.
    model = load_model(verified(Path(folder.removeprefix("file://")) / MODEL_FILE, expected))

    from engine.model_server.server import serve

    serve(model, name, columns)


def columns_of(text: str) -> dict[str, Column]:
    """The columns that requests are checked by; with none, the model alone decides what it takes."""
    try:
        return checked(dict[str, Column], json.loads(text))
    except ValueError as error:
        raise SettingsError(f"MODEL_COLUMNS: {error}; the deployment sets it") from None


def setting(variable: str, default: str = "") -> str:
    if value := os.environ.get(variable, default):
        return value
    raise SettingsError(f"{variable}: expected a value, found none; the deployment sets it")


if __name__ == "__main__":
    command_line.run(main)
