"""Take what is there, and forget it: what a cache has is the test's to say."""

from pathlib import Path

from engine.tests.standins.actions.standin import Inputs, RefusedError, checked_key, run, workspace


def save(inputs: Inputs) -> None:
    checked_key(inputs)
    missing = [
        path for path in inputs["path"].split() if not (workspace() / Path(path).expanduser()).exists()
    ]
    if missing:
        raise RefusedError(f"Path Validation Error: nothing to save at {', '.join(missing)}")


if __name__ == "__main__":
    run(save)
