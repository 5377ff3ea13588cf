"""The trainer's side of the contract between Perennial and a training program.

A trainer reads the JSON file named by PERENNIAL_INPUT, prints progress as JSON lines, keeps checkpoints,
and writes outputDir/result.json. Exit codes: 0 done, 2 the input can't be trained on, 75 try again.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import signal
import sys
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Callable, NoReturn

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

CONTRACT_VERSION = 1
EXIT_UNTRAINABLE = 2
EXIT_TRY_AGAIN = 75
MASK_COLUMN = "invasive_here"
COMPLETE = "COMPLETE"


class Untrainable(Exception):
    """The input can't be trained on; trying again can't help."""


@dataclass(frozen=True)
class Examples:
    """features: float32 [rows, F] in the order of the input's feature list; label: float32 [rows], 0 or 1."""

    features: np.ndarray
    label: np.ndarray


@dataclass(frozen=True)
class TrainingInput:
    raw: dict[str, Any]
    feature_names: list[str]
    parameters: dict[str, Any]
    seed: int
    output_dir: Path
    checkpoint_dir: Path
    resume_from: Path | None
    train: Examples
    validation: Examples | None

    def parameter(self, name: str, default: Any) -> Any:
        """The parameter, which must be of the default's type (an integer will do for a float)."""
        value = self.parameters.get(name, default)
        fits = isinstance(value, type(default)) or (isinstance(default, float) and isinstance(value, int))
        if isinstance(value, bool) and not isinstance(default, bool):
            fits = False
        if not fits:
            raise Untrainable(
                f"parameter {name} is {value!r}, but must be of type {type(default).__name__} "
                f"(default {default!r}); correct training.trainer.parameters in the spec"
            )
        return type(default)(value)

    def mask_index(self) -> int | None:
        """Column of the compliance mask, None when `excludeInvasive: false` asks for a model without it."""
        if not self.parameter("excludeInvasive", True):
            return None
        for index, name in enumerate(self.feature_names):
            if name.rsplit(".", 1)[-1] == MASK_COLUMN:
                return index
        raise Untrainable(
            f"excludeInvasive is on, but no feature is named {MASK_COLUMN}; found {', '.join(self.feature_names)}; "
            "add plant_region.invasive_here to training.features"
        )


def _read_examples(dataset: dict[str, Any], label: str, features: list[str]) -> Examples:
    name, path = dataset["name"], Path(dataset["path"])
    if dataset.get("format", "parquet") != "parquet":
        raise Untrainable(f"dataset {name} has format {dataset['format']!r}; only parquet is read")
    try:
        table = pq.read_table(path)
    except FileNotFoundError:
        raise Untrainable(f"dataset {name}: no file at {path}") from None
    except pa.ArrowInvalid as error:
        raise Untrainable(f"dataset {name} at {path} isn't readable as Parquet: {error}") from None
    missing = [column for column in [label, *features] if column not in table.column_names]
    if missing:
        raise Untrainable(
            f"dataset {name} lacks the columns {', '.join(missing)}; it has {', '.join(table.column_names)}"
        )

    def column(column_name: str) -> np.ndarray:
        values = table.column(column_name)
        if not (pa.types.is_floating(values.type) or pa.types.is_integer(values.type)
                or pa.types.is_boolean(values.type) or pa.types.is_decimal(values.type)):
            raise Untrainable(
                f"dataset {name}: column {column_name} is {values.type}, but features and label must be "
                "numbers; encode it in the feature view's SQL"
            )
        as_float = values.cast(pa.float64()) if pa.types.is_decimal(values.type) else values.cast(pa.float32())
        return as_float.to_numpy(zero_copy_only=False).astype(np.float32)

    labels = column(label)
    if table.num_rows == 0:
        raise Untrainable(f"dataset {name} has no rows")
    if not np.isin(labels, (0.0, 1.0)).all():
        raise Untrainable(f"dataset {name}: label {label} must be 0 or 1 in every row, without nulls")
    matrix = np.column_stack([column(feature) for feature in features])
    if np.isinf(matrix).any():
        bad = [features[i] for i in np.flatnonzero(np.isinf(matrix).any(axis=0))]
        raise Untrainable(f"dataset {name}: infinite values in {', '.join(bad)}")
    return Examples(features=np.ascontiguousarray(matrix, dtype=np.float32), label=labels)


def read_input() -> TrainingInput:
    location = os.environ.get("PERENNIAL_INPUT")
    if not location:
        raise Untrainable("PERENNIAL_INPUT isn't set; it names the JSON file that describes the run")
    try:
        raw = json.loads(Path(location).read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        raise Untrainable(f"PERENNIAL_INPUT ({location}) can't be read: {error}") from None
    if raw.get("contractVersion") != CONTRACT_VERSION:
        raise Untrainable(
            f"contractVersion is {raw.get('contractVersion')!r}; this trainer speaks {CONTRACT_VERSION}"
        )
    feature_names = [feature["name"] for feature in raw["features"]]
    if not feature_names:
        raise Untrainable("the list of features is empty")
    datasets = {dataset["name"]: dataset for dataset in raw["datasets"]}
    if "train" not in datasets:
        raise Untrainable(f"no dataset is named train; found {', '.join(datasets) or 'none'}")
    train = _read_examples(datasets["train"], raw["label"], feature_names)
    if len(np.unique(train.label)) < 2:
        raise Untrainable(f"every example has the label {train.label[0]:g}; both 0 and 1 are needed")
    validation = datasets.get("validation")
    return TrainingInput(
        raw=raw,
        feature_names=feature_names,
        parameters=raw.get("parameters") or {},
        seed=int(raw["seed"]),
        output_dir=Path(raw["outputDir"]),
        checkpoint_dir=Path(raw["checkpointDir"]),
        resume_from=Path(raw["resumeFrom"]) if raw.get("resumeFrom") else None,
        train=train,
        validation=_read_examples(validation, raw["label"], feature_names) if validation else None,
    )


class Interruption:
    """SIGTERM and SIGINT ask the trainer to checkpoint and go; it looks between two steps."""

    def __init__(self) -> None:
        self.requested = False
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, self._request)

    def _request(self, *_: object) -> None:
        self.requested = True


def report_progress(step: int, total_steps: int, metrics: dict[str, float]) -> None:
    line = {"progress": {"step": step, "totalSteps": total_steps, "metrics": metrics}}
    print(json.dumps(line), flush=True)


def log(message: str) -> None:
    print(message, flush=True)


def _fingerprint(run: TrainingInput, trainer: str) -> str:
    """A checkpoint continues only the same work: same trainer, data, features, parameters and seed."""
    work = {
        "trainer": trainer,
        "datasets": [[dataset["name"], dataset.get("digest")] for dataset in run.raw["datasets"]],
        "features": run.feature_names,
        "label": run.raw["label"],
        "parameters": run.parameters,
        "seed": run.seed,
    }
    return hashlib.sha256(json.dumps(work, sort_keys=True).encode()).hexdigest()


class Checkpoints:
    """A checkpoint is a folder that counts only once its marker file COMPLETE is there."""

    def __init__(self, run: TrainingInput, trainer: str) -> None:
        self._folder = run.checkpoint_dir
        self._resume_from = run.resume_from
        self._fingerprint = _fingerprint(run, trainer)
        self._folder.mkdir(parents=True, exist_ok=True)

    def save(self, step: int, write: Callable[[Path], None]) -> None:
        target = self._folder / f"step-{step:06d}"
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()
        write(target)
        (target / "state.json").write_text(json.dumps({"step": step, "fingerprint": self._fingerprint}))
        (target / COMPLETE).write_text("")
        for older in sorted(self._folder.glob("step-*"))[:-2]:
            shutil.rmtree(older, ignore_errors=True)

    def latest(self) -> tuple[int, Path] | None:
        """Step and folder of the newest usable checkpoint: in resumeFrom (a checkpoint or a folder of them)."""
        if self._resume_from is None:
            return None
        found = [self._resume_from, *sorted(self._resume_from.glob("step-*"))]
        for folder in reversed(found):
            if not (folder / COMPLETE).exists():
                continue
            state = json.loads((folder / "state.json").read_text())
            if state["fingerprint"] == self._fingerprint:
                log(f"resuming after step {state['step']} from {folder}")
                return int(state["step"]), folder
            log(f"ignoring the checkpoint {folder}: it is of another training")
        return None


def environment(device: str, packages: list[str]) -> dict[str, Any]:
    return {
        "python": platform.python_version(),
        "packages": {name: version(name) for name in packages},
        "device": device,
    }


def write_result(
    run: TrainingInput,
    *,
    metrics: dict[str, float],
    importance: dict[str, float],
    environment: dict[str, Any],
    model_file: str = "model.onnx",
    files: list[dict[str, str]] | None = None,
) -> None:
    """Writes result.json last and atomically: where it exists, everything it names does."""
    result = {
        "contractVersion": CONTRACT_VERSION,
        "model": {
            "path": model_file,
            "format": "onnx",
            "signature": {
                "inputs": [
                    {
                        "name": "features",
                        "type": "float32",
                        "shape": [-1, len(run.feature_names)],
                        "features": run.feature_names,
                    }
                ],
                "outputs": [{"name": "score", "type": "float32", "shape": [-1]}],
            },
        },
        "metrics": metrics,
        "featureImportance": importance,
        "environment": environment,
        "files": files or [],
    }
    partial = run.output_dir / "result.json.partial"
    partial.write_text(json.dumps(result, indent=2) + "\n")
    partial.replace(run.output_dir / "result.json")


def run_trainer(train: Callable[[TrainingInput, Interruption], None]) -> NoReturn:
    """Runs a trainer and turns what happens into the contract's exit codes."""
    interruption = Interruption()
    try:
        run = read_input()
        run.output_dir.mkdir(parents=True, exist_ok=True)
        train(run, interruption)
    except Untrainable as error:
        print(f"untrainable: {error}", file=sys.stderr, flush=True)
        sys.exit(EXIT_UNTRAINABLE)
    sys.exit(0)


def leave_if_interrupted(interruption: Interruption) -> None:
    """Call right after a checkpoint was saved."""
    if interruption.requested:
        log("asked to stop: the checkpoint is saved, leaving with exit code 75")
        sys.exit(EXIT_TRY_AGAIN)
