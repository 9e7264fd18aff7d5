"""Time the model server beside plain MLServer with the same model: from start to ready, and one row."""

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from engine import command_line
from engine.kserve import golden_requests as golden

ROOT = Path(__file__).parents[1]
NAME = "flight-delays"
STARTS, ROUNDS, REQUESTS, WARM_UP = 5, 40, 20, 50
READY_GOAL, RATIO_GOAL = 3, 1.3
FETCH = "import sys; from kserve_storage import Storage; Storage.download(*sys.argv[1:])"


def main() -> int:
    command_line.parser(__doc__).parse_args()
    # The same for both: with more threads for one row, either waits for neighbors on busy cores.
    os.environ["OMP_NUM_THREADS"] = "1"
    with tempfile.TemporaryDirectory() as folder:
        return measure(Path(folder))


def measure(folder: Path) -> int:
    from engine.tests.model_servers import initializer_python
    from engine.tests.seaweedfs import running_seaweedfs

    model, requests = train(folder)
    with ExitStack() as stack:
        (folder / "weed").mkdir()
        store = stack.enter_context(running_seaweedfs(folder / "weed"))
        uri = store.new_folder()
        bucket, _, prefix = uri.removeprefix("s3://").partition("/")
        store.client().upload_file(str(model / "model.joblib"), bucket, f"{prefix}/model.joblib")
        fetching, ready = [], {kind.__name__: [] for kind in (ours, plain)}
        for number in range(STARTS):
            target, started = folder / f"fetched-{number}", time.monotonic()
            command = [initializer_python(), "-c", FETCH, f"{uri}/", target]
            environment = os.environ | store.environment("reader")
            subprocess.run(command, env=environment, check=True, capture_output=True)
            fetching.append(time.monotonic() - started)
            for kind in (ours, plain):
                started = time.monotonic()
                with kind(target) as server:
                    server.wait_until_ready()
                    ready[kind.__name__].append(time.monotonic() - started)
        one, other = (stack.enter_context(kind(model)) for kind in (ours, plain))
        return report(fetching, ready, *latencies(one, other, requests))


def train(folder: Path) -> tuple[Path, dict[str, Any]]:
    """A model of the estimator in mlops.yaml on two weeks of flights, and its golden requests."""
    from engine.settings.settings import load
    from tests.components.conftest import AS_OF, data_settings_of, feature_settings_of, run_main

    settings, features, model = feature_settings_of(), folder / "features", folder / "model"
    training = json.loads(load(ROOT / "mlops.yaml").training_settings())
    data = {"data_settings": data_settings_of(), "window": "training", "as_of": AS_OF}
    run_main("load_data", data | {"tables": folder / "tables"})
    run_main(
        "build_features", {"feature_settings": settings, "tables": folder / "tables", "features": features}
    )
    made_of = {"feature_settings": settings, "training_settings": training, "features": features}
    run_main("train_model", made_of | {"model": model, "record": folder / "record"})
    return model, json.loads((model / golden.FILE).read_text())


@contextmanager
def ours(model: Path) -> Iterator[Any]:
    from engine.serving.model_server import running
    from engine.tables import file_sha256
    from engine.tests.model_servers import free_port, server_python

    log, sha256 = model.with_suffix(".ours.log"), file_sha256(model / "model.joblib")
    with running(ROOT, server_python(), NAME, model, sha256, free_port(), log) as server:
        yield server


@contextmanager
def plain(model: Path) -> Iterator[Any]:
    """`mlserver start` as its manual has it, with KServe's variables."""
    from engine.serving.model_server import HOST, LocalServer, free_ports
    from engine.tests.model_servers import free_port, server_python

    ports, log = free_ports(free_port()), model.with_suffix(".plain.log")
    empty = model.with_suffix(".empty")
    empty.mkdir(exist_ok=True)
    environment = os.environ | {
        "MLSERVER_HOST": HOST,
        "MLSERVER_MODEL_NAME": NAME,
        "MLSERVER_MODEL_URI": str(model),
        "MLSERVER_MODEL_IMPLEMENTATION": "mlserver_sklearn.SKLearnModel",
        **{f"MLSERVER_{kind}_PORT": str(port) for kind, port in ports.items()},
    }
    with log.open("wb") as output:
        command = [server_python().with_name("mlserver"), "start", empty]
        # In a session of its own, as ours: some schedulers share the processor among sessions.
        process = subprocess.Popen(
            command, env=environment, cwd=empty, stdout=output, stderr=output, start_new_session=True
        )
    try:
        yield LocalServer(process, ports["HTTP"], NAME, log)
    finally:
        process.terminate()
        process.wait()


def latencies(one: Any, other: Any, requests: dict[str, Any]) -> tuple[list[float], list[float]]:
    """The median milliseconds of each round, of ours and of plain MLServer, in turns."""
    row = [each | {"shape": [1, 1], "data": each["data"][:1]} for each in requests["request"]["inputs"]]
    request, found = requests["request"] | {"inputs": row}, ([], [])
    for server in (one, other):
        server.wait_until_ready()
        if wrong := golden.differences(requests, server.infer(requests["request"])):
            raise command_line.WorldError("; ".join(wrong))
        for _ in range(WARM_UP):
            server.infer(request)
    for _ in range(ROUNDS):
        for server, medians in zip((one, other), found, strict=True):
            medians.append(median(milliseconds(server, request) for _ in range(REQUESTS)))
    return found


def milliseconds(server: Any, request: dict[str, Any]) -> float:
    started = time.perf_counter()
    server.infer(request)
    return (time.perf_counter() - started) * 1000


def report(fetching: list[float], ready: dict[str, list[float]], one: list[float], other: list[float]) -> int:
    print(f"In turns; the load is {os.getloadavg()[0]:.1f} now.\n\n{'':<52}{'median':>8}{'least':>8}")
    for name, found in (
        ("KServe's storage initializer, s", fetching),
        (f"ours, from start to ready, s (goal: {READY_GOAL})", ready["ours"]),
        ("plain MLServer, from start to ready, s", ready["plain"]),
        ("ours, one row, p50 ms", one),
        ("plain MLServer, one row, p50 ms", other),
    ):
        print(f"{name:<52}{median(found):>8.2f}{min(found):>8.2f}")
    ratio = median(mine / theirs for mine, theirs in zip(one, other, strict=True))  # of each round
    print(f"{f'ratio of one row (goal: at most {RATIO_GOAL})':<52}{ratio:>8.2f}")
    return int(ratio > RATIO_GOAL or min(ready["ours"]) > READY_GOAL)


if __name__ == "__main__":
    command_line.run(main)
