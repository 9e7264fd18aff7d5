"""Your own metrics: mlops.yaml may name one as its metric or as a guardrail.

A metric is the mean of what its function gives for each row; label and prediction are arrays of numbers.

    def within_ten(label: Floats, prediction: Floats) -> RowScores:
        return abs(label - prediction) <= 10

    METRICS = [row_mean(within_ten, "higher is better", ["number"])]

`from engine.metrics.metric import Floats, RowScores, row_mean` imports what this example uses.
"""

from engine.metrics.metric import Metric

METRICS: list[Metric] = []
