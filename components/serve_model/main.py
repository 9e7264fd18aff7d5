"""Serve one scikit-learn model, known by its SHA-256, over the V2 inference protocol."""

import hashlib
import io
import os
import warnings
from pathlib import Path
from typing import Any

from engine import command_line
from engine.command_line import SettingsError, WorldError

MODEL_FILE = "model.joblib"


def main() -> None:
    command_line.parser(__doc__).parse_args()
    wanted = ("MLSERVER_MODEL_NAME", "MLSERVER_MODEL_URI", "MODEL_SHA256")
    name, folder, expected = map(setting, wanted)
    # More threads for one row wait longer for each other than they help, for seconds where cores are busy.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    # Before the server begins to listen, so that what answers at all has a model that is the right one.
    model = load_model(verified(Path(folder.removeprefix("file://")) / MODEL_FILE, expected))

    from engine.model_server.server import serve

    serve(model, name)


def setting(variable: str) -> str:
    if value := os.environ.get(variable):
        return value
    raise SettingsError(f"{variable}: expected a value, found none; the deployment sets it")


def verified(file: Path, expected: str) -> bytes:
    """The bytes of the model, which are those that were registered."""
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        found = ", ".join(sorted(path.name for path in file.parent.glob("*"))) or "nothing"
        raise WorldError(f"{file}: expected the model, found {found} in its folder") from None
    digest = hashlib.sha256(content).hexdigest()
    if digest != expected.lower():
        raise WorldError(
            f"{file}: expected the SHA-256 {expected}, found {digest}; it is not the model meant"
        )
    return content


def load_model(content: bytes) -> Any:
    """The model, in the very libraries that it was trained with; others may answer otherwise, or fail."""
    import joblib
    import sklearn
    from sklearn.exceptions import InconsistentVersionWarning

    expected = f"expected a model of scikit-learn {sklearn.__version__}"
    with warnings.catch_warnings():
        warnings.simplefilter("error", InconsistentVersionWarning)
        try:
            return joblib.load(io.BytesIO(content))
        except InconsistentVersionWarning as warning:
            found = warning.original_sklearn_version
            raise SettingsError(
                f"{expected}, found one of {found}; serve it in its version's image"
            ) from None
        except Exception as error:  # whatever bytes that are no model make pickle do
            raise WorldError(f"{expected}, found: {' '.join(str(error).split())}") from None


if __name__ == "__main__":
    command_line.run(main)
