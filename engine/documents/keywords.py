"""What a JSON Schema says of a value besides its type: patterns, bounds and conditions."""

from typing import Annotated


class Keywords:
    """JSON Schema keywords, to annotate a type with."""

    def __init__(self, **keywords: object):
        self.keywords = keywords


Text = Annotated[str, Keywords(minLength=1)]
Day = Annotated[str, Keywords(format="date")]
Count = Annotated[int, Keywords(minimum=0)]
MetricName = Annotated[str, Keywords(pattern="^[a-z][a-z0-9_]{0,39}$")]
Metrics = Annotated[dict[str, float | None], Keywords(propertyNames={"pattern": "^[a-z][a-z0-9_]{0,39}$"})]
"""A value by metric; null if the metric has none on these rows."""
