"""Golden requests: what a served model must answer as the registered one did, in KServe's V2 protocol."""

import math
from typing import Any

from engine.documents.golden import GoldenRequests

FILE = "golden.json"
TOLERANCE = 1e-9  # processors differ in the last digits of a sum


def differences(golden: GoldenRequests, answer: Any) -> list[str]:
    """What of a server's `answer` to golden["request"] is not as golden["expected"] says."""
    try:
        outputs = {each["name"]: (each["shape"], [*each["data"]]) for each in answer["outputs"]}
    except (LookupError, TypeError):
        return [f"expected outputs with name, shape and data, found {str(answer)[:100]}"]
    differences = []
    for expected in golden["expected"]:
        name = expected["name"]
        if name not in outputs:
            differences.append(f"{name}: expected an answer, found none")
            continue
        shape, data = outputs[name]
        if (shape, len(data)) != (expected["shape"], len(expected["data"])):
            differences.append(
                f"{name}: expected the shape {expected['shape']}, found {shape} with {len(data)} values"
            )
            continue
        columns = expected["shape"][1]
        pairs = zip(expected["data"], data, strict=True)
        wrong = [index for index, pair in enumerate(pairs) if not _equal(*pair)]
        if wrong:
            row, first = wrong[0] // columns, wrong[0]
            differences.append(
                f"{name}: expected {expected['data'][first]} in row {row}, found {data[first]};"
                f" {len({index // columns for index in wrong})} of {expected['shape'][0]} rows differ"
            )
    return differences


def _equal(expected: Any, actual: Any) -> bool:
    if isinstance(actual, int | float) and isinstance(expected, int | float):
        return math.isclose(expected, actual, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return bool(expected == actual)
