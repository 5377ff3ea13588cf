"""Ten expectations by Great Expectations over a Parquet file: seconds without imports and without reading, as JSON."""

import json
import sys
import time

import great_expectations as gx
import pandas as pd

path = sys.argv[1]
started = time.perf_counter()
frame = pd.read_parquet(path)
read = time.perf_counter() - started

context = gx.get_context(mode="ephemeral")
context.variables.progress_bars = {"globally": False}
definition = context.data_sources.add_pandas("bench").add_dataframe_asset("rows").add_batch_definition_whole_dataframe("all")
suite = context.suites.add(gx.ExpectationSuite(name="ten"))
e = gx.expectations
for expectation in [
    e.ExpectColumnValuesToNotBeNull(column="amount", mostly=0.9),
    e.ExpectColumnValuesToBeUnique(column="id"),
    e.ExpectColumnValuesToBeBetween(column="amount", min_value=0, max_value=1000),
    e.ExpectColumnValuesToBeInSet(column="country", value_set=["US", "DE", "BR", "FR"]),
    e.ExpectColumnValuesToMatchRegex(column="code", regex=r"^[A-Z]-[0-9]{4}$"),
    e.ExpectColumnValueLengthsToBeBetween(column="country", min_value=2, max_value=2),
    e.ExpectColumnMeanToBeBetween(column="amount", min_value=0, max_value=100),
    e.ExpectColumnStdevToBeBetween(column="amount", min_value=0, max_value=100),
    e.ExpectColumnQuantileValuesToBeBetween(
        column="amount", quantile_ranges={"quantiles": [0.05, 0.5, 0.95], "value_ranges": [[0, 20], [20, 80], [80, 120]]}
    ),
    e.ExpectColumnPairValuesAToBeGreaterThanB(column_A="finish", column_B="start", or_equal=True),
]:
    suite.add_expectation(expectation)
started = time.perf_counter()
result = definition.get_batch(batch_parameters={"dataframe": frame}).validate(suite)
validated = time.perf_counter() - started


def as_int(count):
    """JSON knows no numbers of NumPy."""
    return None if count is None else int(count)


# Results come grouped by column; each expectation is of a type of its own.
result_of = {one.expectation_config.type: one for one in result.results}
results = [result_of[expectation.expectation_type] for expectation in suite.expectations]
print(
    json.dumps(
        {
            "version": gx.__version__,
            "readSeconds": read,
            "validateSeconds": validated,
            "results": [
                {"success": bool(one.success), "unexpected": as_int(one.result.get("unexpected_count"))} for one in results
            ],
        }
    )
)
