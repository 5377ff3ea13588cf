"""Evidently's DataDriftPreset on two Parquet files: prints its time, its peak memory and which columns it calls drifted."""

import json
import resource
import sys
import time

started = time.perf_counter()

import evidently  # noqa: E402
import pandas  # noqa: E402
from evidently import Report  # noqa: E402
from evidently.presets import DataDriftPreset  # noqa: E402

reference = pandas.read_parquet(sys.argv[1])
current = pandas.read_parquet(sys.argv[2])
result = Report([DataDriftPreset()]).run(current, reference)
values = {
    metric["config"]["column"]: metric["value"]
    for metric in result.dict()["metrics"]
    if "column" in metric.get("config", {})
}
used = resource.getrusage(resource.RUSAGE_SELF)
print(
    json.dumps(
        {
            "version": evidently.__version__,
            "seconds": time.perf_counter() - started,
            "cpuSeconds": used.ru_utime + used.ru_stime,
            "peakMb": used.ru_maxrss / 1024,
            "columns": len(values),
        }
    )
)
