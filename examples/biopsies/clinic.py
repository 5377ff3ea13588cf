"""The clinic: lands examined biopsies as files, and asks the model about each new one before the finding is known.

    python clinic.py history                 # the first 240, which v1 learns from
    python clinic.py next 60 --gateway URL   # the next 60 patients, one a second

The order drifts: the first 340 biopsies come from a screening clinic, where nuclei are mostly small and one in ten is
malignant; the other 229 from a referral hospital, where they are large and three in four are.
"""

import argparse
import csv
import json
import sys
import time
import urllib.error
import urllib.request
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np
from sklearn.datasets import load_breast_cancer

STATE = Path(__file__).resolve().parents[2] / ".perennial" / "biopsies"
LANDED, CURSOR = STATE / "landed", STATE / "next"
COLUMNS = ["radius", "texture", "smoothness", "symmetry"]
SCREENED, HISTORY = 340, 240
# Findings land while patients still come: a retraining reads what is there when the drift is found.
LANDS_EVERY = 10


def biopsies() -> list[dict]:
    """All 569 in the order of the story, the same at every call."""
    data = load_breast_cancer()
    chosen = [list(data.feature_names).index(f"mean {name}") for name in COLUMNS]
    random = np.random.default_rng(569)
    size = data.data[:, 0].argsort(kind="stable").argsort() / len(data.data)
    order = np.argsort(size + 0.3 * random.random(len(size)), kind="stable")
    order = np.concatenate([random.permutation(order[:SCREENED]), random.permutation(order[SCREENED:])])
    return [
        dict(zip(COLUMNS, data.data[i, chosen].tolist(), strict=True))
        | {"biopsy_id": f"b{i:03d}", "malignant": bool(data.target[i] == 0)}
        for i in order
    ]


def land(name: str, rows: list[dict]) -> None:
    """A file appears whole: written under a name that the source does not match, then renamed."""
    LANDED.mkdir(parents=True, exist_ok=True)
    unfinished = LANDED / f"{name}.unfinished"
    with unfinished.open("w", newline="") as file:
        writer = csv.DictWriter(file, ["biopsy_id", "examined_at", *COLUMNS, "malignant"])
        writer.writeheader()
        writer.writerows(rows)
    unfinished.rename(LANDED / f"{name}.csv")


def post(url: str, body: dict) -> dict:
    headers = {"content-type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode(), headers), timeout=10) as answer:
        return json.load(answer)


def ask(gateway: str, row: dict) -> tuple[str, float]:
    """Which version answered, and its probability. The id of the request is what the finding is reported under."""
    tensor = {"name": "features", "datatype": "FP32", "shape": [1, len(COLUMNS)], "data": [row[c] for c in COLUMNS]}
    answer = post(f"{gateway}/v2/models/biopsies/infer", {"id": row["biopsy_id"], "inputs": [tensor]})
    finding = {"name": "malignant", "value": row["malignant"], "at": row["examined_at"]}
    post(f"{gateway}/v1/feedback", {"events": [finding | {"requestId": row["biopsy_id"], "eventId": row["biopsy_id"]}]})
    return answer["model_version"], answer["outputs"][0]["data"][0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["history", "next"])
    parser.add_argument("count", nargs="?", type=int, default=60)
    parser.add_argument("--gateway", help="the address that `perennial dev` prints")
    given = parser.parse_args()
    rows = biopsies()
    now = datetime.now(timezone.utc)
    if given.what == "history":
        past = [now - timedelta(hours=HISTORY - i) for i in range(HISTORY)]
        land("history", [row | {"examined_at": at.isoformat()} for row, at in zip(rows, past, strict=False)])
        CURSOR.write_text(str(HISTORY))
        print(f"{HISTORY} biopsies landed in {LANDED}")
        return
    if not given.gateway or not CURSOR.exists() or given.count < 1:
        parser.error("run `history` first; then `next` takes a count of 1 or more and --gateway")
    first = int(CURSOR.read_text())
    batch = rows[first : first + given.count]
    if not batch:
        sys.exit(f"all {len(rows)} biopsies have been examined; `history` begins again")
    seen, right, versions = 0, 0, {}
    for row in batch:
        row["examined_at"] = datetime.now(timezone.utc).isoformat()
        try:
            version, score = ask(given.gateway, row)
        except urllib.error.HTTPError as refused:
            sys.exit(f"the gateway answered {refused.code}: {refused.read().decode()}")
        versions[version] = versions.get(version, 0) + 1
        right += (score > 0.5) == row["malignant"]
        seen += 1
        if seen % LANDS_EVERY == 0 or seen == len(batch):
            done = seen - (seen - 1) % LANDS_EVERY - 1
            land(f"from-{first + done:03d}", batch[done:seen])
            CURSOR.write_text(str(first + seen))
        time.sleep(1)
    by = ", ".join(f"v{version} {count}" for version, count in sorted(versions.items()))
    malignant = sum(row["malignant"] for row in batch)
    print(f"biopsies {first + 1} to {first + len(batch)}: {malignant} malignant; answered by {by}; {right} rightly")


if __name__ == "__main__":
    main()
