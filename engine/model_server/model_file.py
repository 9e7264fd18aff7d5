"""The one model that is served: the bytes that were registered, in the libraries that made them."""

import hashlib
import io
import warnings
from pathlib import Path
from typing import Any

from engine.command_line import SettingsError, WorldError


def verified(file: Path, expected: str) -> bytes:
    """The bytes of the model, which are those that were registered."""
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        names = ", ".join(sorted(path.name for path in file.parent.glob("*"))) or "nothing"
        raise WorldError(f"{file}: expected the model, found {names} in its folder") from None
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
            version = warning.original_sklearn_version
            raise SettingsError(
                f"{expected}, found one of {version}; serve it in its version's image"
            ) from None
        except Exception as error:  # whatever bytes that are no model make pickle do
            raise WorldError(f"{expected}, found: {' '.join(str(error).split())}") from None
