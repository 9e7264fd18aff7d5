"""An index that pandas stored never aligns the features with other rows."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from engine.command_line.component_settings import FeatureSettings
from engine.datasets.windows import load_window
from engine.features.assembly import build

DAYS = 10


class Code:
    def features(self, raw: dict[str, pd.DataFrame], settings: dict[str, Any]) -> pd.DataFrame:
        return raw["flights"][["distance"]]

    def label(self, rows: pd.DataFrame) -> pd.Series:
        return rows["late"]


def test_each_row_has_one_row_of_features(tmp_path: Path) -> None:
    first = datetime(2013, 2, 1)
    for day in range(DAYS):
        frame = pd.DataFrame({"id": [2 * day, 2 * day + 1], "distance": 100, "late": [0, 1]}, index=[3, 3])
        frame["at"] = first + timedelta(day)
        frame.to_parquet(tmp_path / f"{day}.parquet")
    data = {
        "tables": {"flights": {"uri": tmp_path.as_uri(), "time": "at"}},
        "rows": "flights",
        "label_matures_after_days": 0,
        "windows": {"training_days": 1, "evaluation_days": DAYS},
    }
    settings: FeatureSettings = {
        "rows": "flights",
        "key": "id",
        "time": "at",
        "label": {"name": "late", "type": "binary"},
        "moments": ["before"],
        "predict_at": "before",
        "columns": {"distance": {"type": "number", "known": "before"}},
    }
    load_window(data, "evaluation", date(2013, 2, 11), tmp_path / "_tables")
    build(Code(), settings, tmp_path / "_tables", tmp_path / "_features")
    assert pq.ParquetFile(tmp_path / "_features").read()["id"].to_pylist() == [*range(2 * DAYS)]
