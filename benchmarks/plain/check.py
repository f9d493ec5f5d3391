"""A handful of usual expectations, run by Great Expectations on pandas."""

import logging
import os
from collections.abc import Mapping

os.environ["GX_ANALYTICS_ENABLED"] = "false"  # read when GX is imported

import great_expectations as gx
import pandas as pd
from great_expectations import expectations as gxe
from great_expectations.expectations.expectation import Expectation

from pipelines.contracts.source import Source

_MOSTLY = 0.8  # share of rows; the worst column of the demo has 0.85
_PATTERNS = {
    "citizen_id": r"^\d{17}[\dX]$",
    "uscc": r"^[0-9A-HJ-NPQRTUWXY]{18}$",
    "birth_date": r"^\d{4}-\d{2}-\d{2}$",
    "mobile": r"^1\d{10}$",
}


def check(sources: Mapping[str, Source], frames: Mapping[str, pd.DataFrame]) -> int:
    """Validate every source; says how many expectations failed."""
    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    pandas = context.data_sources.add_pandas("pandas")
    failed = 0
    for name, frame in frames.items():
        asset = pandas.add_dataframe_asset(name)
        batch = asset.add_batch_definition_whole_dataframe("all")
        suite = gx.ExpectationSuite(name=name, expectations=_expectations(sources[name]))
        result = batch.get_batch({"dataframe": frame}).validate(suite)
        failed += sum(not one.success for one in result.results)
    return failed


def _expectations(source: Source) -> list[Expectation]:
    usual: list[Expectation] = [
        gxe.ExpectTableRowCountToBeBetween(min_value=1),
        gxe.ExpectColumnValuesToNotBeNull(column="source_key"),
        gxe.ExpectColumnValuesToBeUnique(column="source_key"),
    ]
    for column in source.columns:
        if column.required and not column.primary_key:
            usual.append(gxe.ExpectColumnValuesToNotBeNull(column=column.name, mostly=_MOSTLY))
        if pattern := _PATTERNS.get(column.element or ""):
            usual.append(
                gxe.ExpectColumnValuesToMatchRegex(
                    column=column.name, regex=pattern, mostly=_MOSTLY
                )
            )
    return usual
