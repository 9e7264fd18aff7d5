"""Where the candidate got worse is found by itself, among the features of the judge's own rows."""

from dataclasses import replace

import jsonschema
import numpy as np
import pyarrow as pa

from engine.judging.segments import MOST_SHOWN, segments, with_worse
from engine.judging.verdict_document import judge
from engine.tests.questions import COUNT, LATE, LOGIT, ORIGIN, SCHEMA, model, probability, question

GOOD = probability()
AT_JFK = np.where(ORIGIN == "JFK", probability(noise=4.0), GOOD)


def found(inputs):
    verdict, rows = judge(inputs)
    shown = with_worse(verdict, rows, inputs)
    jsonschema.validate(shown, SCHEMA, jsonschema.Draft202012Validator)
    assert {name: shown[name] for name in verdict} == verdict
    return shown.get("worse")


def test_the_segment_that_got_worse_is_found_without_being_named() -> None:
    worse = found(question(AT_JFK, control=GOOD, slices={"columns": [], "minimum_rows": 300}))

    assert worse["reference"] == "control"
    assert worse["segments"][0]["column"] == "origin" and worse["segments"][0]["value"] == "JFK"
    assert not [each for each in worse["segments"] if each["value"] in ("EWR", "LGA")]
    assert all(each["upper"] < 0 for each in worse["segments"])
    assert worse["segments_examined"] == 3 + 4


def test_rows_are_counted_by_their_distance_from_the_truth() -> None:
    nearer = np.abs(LATE - AT_JFK) < np.abs(LATE - GOOD)
    further = np.abs(LATE - AT_JFK) > np.abs(LATE - GOOD)

    worse = found(question(AT_JFK, control=GOOD))

    assert (worse["rows"], worse["rows_worse"], worse["rows_better"]) == (COUNT, further.sum(), nearer.sum())
    assert 0 < further.sum() + nearer.sum() < COUNT


def test_a_segment_needs_rows_enough() -> None:
    worse = found(question(AT_JFK, control=GOOD, slices={"columns": [], "minimum_rows": COUNT}))

    assert (worse["segments_examined"], worse["segments"]) == (0, [])


def test_a_segment_needs_clusters_enough() -> None:
    worse = found(question(AT_JFK, control=GOOD, minimum_clusters=99))

    assert worse["segments_examined"] == 0


def test_without_a_control_the_champions_unseen_rows_are_looked_at() -> None:
    inputs = question(AT_JFK)
    champion = model(GOOD, "2013-08-11", "cd" * 32)

    worse = found(replace(inputs, models=inputs.models | {"champion": champion}))

    assert (worse["reference"], worse["rows"]) == ("champion", COUNT * 21 // 31)
    assert worse["segments"][0]["value"] == "JFK"


def test_segments_without_a_reference_model_are_empty() -> None:
    assert found(question(GOOD)) is None
    seen = question(GOOD)
    champion = model(GOOD, "2013-09-11", "cd" * 32)
    assert found(replace(seen, models=seen.models | {"champion": champion})) is None


def test_a_model_that_predicts_the_same_got_worse_nowhere() -> None:
    assert found(question(GOOD, control=GOOD)) is None


def test_many_numbers_are_ranges_with_the_missing_ones_apart() -> None:
    names, codes = segments(pa.chunked_array([[*map(float, range(12)), None]]))

    assert names == ["below 2.75", "2.75 to 5.5", "5.5 to 8.25", "8.25 and more", "(missing)"]
    assert codes.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4]


def test_few_numbers_and_texts_are_values() -> None:
    names, codes = segments(pa.chunked_array([[2, 1, 2]]))
    assert (names, codes.tolist()) == (["1", "2"], [1, 0, 1])
    texts = [str(number) for number in range(50)]
    assert len(segments(pa.chunked_array([texts]))[0]) == 50


def test_only_the_worst_segments_are_listed() -> None:
    inputs = question(probability(noise=4.0), control=GOOD, slices={"columns": [], "minimum_rows": 100})
    copies = {f"again_{number}": LOGIT for number in range(5)}
    columns = {name: inputs.truth[name] for name in inputs.truth.column_names} | copies
    truth = pa.table(columns).replace_schema_metadata(inputs.truth.schema.metadata)

    worse = found(replace(inputs, truth=truth))

    drops = [each["difference"] for each in worse["segments"]]
    assert worse["segments_examined"] == 3 + 4 * 6
    assert worse["segments_worse"] > len(drops) == MOST_SHOWN and drops == sorted(drops)
