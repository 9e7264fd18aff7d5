"""Nothing to set up: buildah builds without a builder."""

from engine.tests.standins.actions.standin import Inputs, only, run


def set_up(inputs: Inputs) -> dict[str, str]:
    only(inputs, "driver", "use", "keep-state", "cache-binary", "cleanup", "install")
    return {"name": "standin", "driver": inputs["driver"], "status": "running"}


if __name__ == "__main__":
    run(set_up)
