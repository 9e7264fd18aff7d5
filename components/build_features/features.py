"""The demo's flights: what is known of a flight before it departs, and whether it came late."""

from typing import Any

import pandas as pd


def features(tables: dict[str, pd.DataFrame], settings: dict[str, Any]) -> pd.DataFrame:
    """One row for each flight, in their order. A new column is a line here and one in mlops.yaml."""
    flights = tables["flights"]
    departure = flights["scheduled_departure"].dt
    return pd.DataFrame(
        {
            "carrier": flights["carrier"],
            "origin": flights["origin"],
            "destination": flights["destination"],
            "distance": flights["distance"],
            "departure_hour": departure.strftime("%H"),
            "weekday": departure.day_name(),
        }
    )


def label(flights: pd.DataFrame) -> pd.Series:
    """1 for an arrival more than 15 minutes late; missing if the flight never arrived."""
    delay = flights["arr_delay"]
    return (delay > 15).astype("Int8").mask(delay.isna())
