"""The libraries that estimators come from, and what each needs for equal bytes from equal inputs."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

OWN = "components.estimators"
"""The module of the user's own estimators."""
REQUIREMENTS = "components/train_model/requirements.in"


@dataclass(frozen=True)
class Library:
    """`root` is the package that is imported, `distribution` the line of requirements.in that installs it."""

    root: str
    distribution: str
    defaults: Callable[[int], dict[str, Any]]
    """Parameters by the seed, unless the settings have others."""

    def missing(self, estimator: str) -> str:
        line = f"add the line {self.distribution} to {REQUIREMENTS}, then run make lock"
        return f"expected {self.distribution} in the lock, because {estimator} is of it, found none; {line}"


def threads() -> int:
    """Threads change the order of sums and so the model's bytes: the machine does not choose their number."""
    return int(os.environ.get("OMP_NUM_THREADS") or 1)


def _scikit_learn(seed: int) -> dict[str, Any]:
    return {}


def _lightgbm(seed: int) -> dict[str, Any]:
    return {
        "random_state": seed,
        "n_jobs": threads(),
        "deterministic": True,
        "force_row_wise": True,
        "verbosity": -1,
    }


def _xgboost(seed: int) -> dict[str, Any]:
    return {"random_state": seed, "n_jobs": threads()}


def _catboost(seed: int) -> dict[str, Any]:
    return {
        "random_seed": seed,
        "thread_count": threads(),
        "allow_writing_files": False,
        "verbose": False,
    }


LIBRARIES = {
    library.root: library
    for library in (
        Library("sklearn", "scikit-learn", _scikit_learn),
        Library("lightgbm", "lightgbm", _lightgbm),
        Library("xgboost", "xgboost-cpu", _xgboost),
        Library("catboost", "catboost", _catboost),
    )
}


def library_of(estimator: str) -> Library | None:
    return LIBRARIES.get(estimator.partition(".")[0])


def versions() -> Iterator[tuple[str, str]]:
    """The installed libraries by their distribution's name, with those that features come in."""
    for name in (*(library.distribution for library in LIBRARIES.values()), "numpy", "pandas"):
        try:
            yield name, version(name)
        except PackageNotFoundError:
            continue


def without_chance(estimator: Any) -> None:
    """Remove what CatBoost notes of the moment of training, so that equal models have equal bytes."""
    if type(estimator).__module__.partition(".")[0] == "catboost":
        notes = estimator.get_metadata()
        for name in ("model_guid", "train_finish_time"):
            notes[name] = ""
