"""The user's features.py: what it must have, and how it is called."""

from typing import Any, Protocol

import pandas as pd

from engine.command_line import SettingsError
from engine.command_line.component_settings import FeatureSettings


class FeatureCode(Protocol):
    """The user's features.py."""

    def features(self, raw: dict[str, pd.DataFrame], settings: dict[str, Any]) -> pd.DataFrame:
        """The features of each row of the rows' own table, in its order and with its index."""

    def label(self, rows: pd.DataFrame) -> Any:
        """The label of each row. KeyError if the rows lack a column that it reads."""


def make_features(code: FeatureCode, settings: FeatureSettings, raw: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """The features of each row of the rows' own table in `raw`; new columns of its tables stay out of it."""
    columns = code.features({name: table.copy(deep=False) for name, table in raw.items()}, dict(settings))
    rows = raw[settings["rows"]]
    if not columns.index.equals(rows.index):
        raise SettingsError(
            f"features.py: expected one row for each of the {len(rows)} {settings['rows']} in their order, "
            f"found {len(columns)} rows or another index; does a join multiply or reorder them?"
        )
    return columns
