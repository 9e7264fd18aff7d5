"""How often the store is asked for a month of a table that holds three years."""

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from http.client import HTTPConnection
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.datasets.rows import read_rows
from engine.stores import s3
from engine.tests.seaweedfs import SeaweedFS
from engine.tests.standins.http_server import Answer, Request, serving_requests

YEARS = (2011, 2012, 2013)
HOP_BY_HOP = ("connection", "content-length", "transfer-encoding")


@pytest.fixture
def requests(
    seaweedfs: SeaweedFS, s3_folder: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[Request]]:
    """What this process asks the store, by way of a proxy."""
    seen: list[Request] = []

    def forward(request: Request) -> Answer:
        seen.append(request)
        with closing(HTTPConnection(seaweedfs.endpoint.removeprefix("http://"))) as store:
            store.request(request.method, request.path, request.body, dict(request.headers))
            answer = store.getresponse()
            headers = {name: value for name, value in answer.getheaders() if name.lower() not in HOP_BY_HOP}
            if request.method == "HEAD":
                headers["Content-Length"] = answer.headers["Content-Length"] or "0"
            return Answer(answer.status, headers, answer.read())

    with serving_requests(forward) as host:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}")
        s3.forget_client()
        yield seen


def test_a_month_of_hive_partitions_costs_requests_for_a_month(
    seaweedfs: SeaweedFS, s3_folder: str, requests: list[Request], tmp_path: Path
) -> None:
    bucket, _, prefix = s3_folder.removeprefix("s3://").partition("/")
    for year in YEARS:
        for month in range(1, 13):
            table = pa.table({"at": [datetime(year, month, 15)], "id": [year * 100 + month]})
            pq.write_table(table, tmp_path / "0.parquet")
            key = f"{prefix}/year={year}/month={month:02}/0.parquet"
            seaweedfs.client().upload_file(str(tmp_path / "0.parquet"), bucket, key)
    rows = read_rows(s3_folder, "at", datetime(2013, 2, 3), datetime(2013, 2, 27))
    assert rows.to_pylist() == [{"at": datetime(2013, 2, 15), "id": 201302, "year": 2013, "month": 2}]
    assert len({request.path for request in requests if ".parquet" in request.path}) == 1
    assert len(requests) <= 8, [f"{request.method} {request.path}" for request in requests]
