"""Version 1: logistic regression on profile and catalogue columns, P(bought | shown)."""

from __future__ import annotations

import os
import sys

# The folder's files are recorded by digest; byte code beside them would change it.
sys.dont_write_bytecode = True

# One thread: sums in one order, so equal input gives equal bytes. Must be set before numpy loads its BLAS.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"
os.environ["OMP_WAIT_POLICY"] = "passive"

import json
import warnings
from pathlib import Path

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from model_metrics import describe, log_loss
from onnx_graphs import save_logistic, verify
from perennial_trainer import (
    Checkpoints,
    Interruption,
    TrainingInput,
    Untrainable,
    environment,
    leave_if_interrupted,
    log,
    report_progress,
    run_trainer,
    write_result,
)

PACKAGES = ["numpy", "scipy", "scikit-learn", "onnx", "pyarrow"]
ITERATIONS_PER_STEP = 10


def train(run: TrainingInput, interruption: Interruption) -> None:
    if np.isnan(run.train.features).any():
        empty = [run.feature_names[i] for i in np.flatnonzero(np.isnan(run.train.features).any(axis=0))]
        raise Untrainable(f"missing values in {', '.join(empty)}: a linear model needs every value")
    mask_index = run.mask_index()
    steps = run.parameter("steps", 6)
    x = run.train.features.astype(np.float64)
    mean, scale = x.mean(axis=0), x.std(axis=0)
    scale[scale == 0] = 1.0
    standard = (x - mean) / scale
    model = LogisticRegression(
        C=run.parameter("C", 1.0), max_iter=ITERATIONS_PER_STEP, warm_start=True, random_state=run.seed
    )
    checkpoints = Checkpoints(run, "baseline")
    log(f"device: cpu; {len(x)} examples, {x.shape[1]} features, mask {'on' if mask_index is not None else 'OFF'}")

    done = 0
    resumed = checkpoints.latest()
    if resumed:
        done, folder = resumed
        state = json.loads((folder / "coefficients.json").read_text())
        model.classes_ = np.array([0.0, 1.0], dtype=np.float32)
        model.coef_ = np.array([[float.fromhex(value) for value in state["weights"]]])
        model.intercept_ = np.array([float.fromhex(state["bias"])])

    for step in range(done + 1, steps + 1):
        with warnings.catch_warnings():
            # A step is a few iterations; convergence is reached over the steps.
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(standard, run.train.label)

        def save(folder: Path) -> None:
            state = {"weights": [value.hex() for value in model.coef_[0].tolist()],
                     "bias": float(model.intercept_[0]).hex()}
            (folder / "coefficients.json").write_text(json.dumps(state))

        checkpoints.save(step, save)
        loss = log_loss(run.train.label, model.predict_proba(standard)[:, 1])
        report_progress(step, steps, {"train.logLoss": round(loss, 9)})
        leave_if_interrupted(interruption)

    weights, bias = model.coef_[0], float(model.intercept_[0])

    def score(features: np.ndarray) -> np.ndarray:
        probability = model.predict_proba((features.astype(np.float64) - mean) / scale)[:, 1]
        return probability if mask_index is None else probability * (1 - np.minimum(np.abs(features[:, mask_index]), 1))

    metrics = describe("train", run.train, score(run.train.features))
    if run.validation:
        metrics |= describe("validation", run.validation, score(run.validation.features))
    save_logistic(run.output_dir / "model.onnx", mean, scale, weights, bias, mask_index)
    verify(run.output_dir / "model.onnx", run.train.features[:64], score(run.train.features[:64]))
    importance = dict(zip(run.feature_names, (round(abs(float(value)), 9) for value in weights)))
    coefficients = {"bias": bias, "standardised": dict(zip(run.feature_names, weights.tolist()))}
    (run.output_dir / "coefficients.json").write_text(json.dumps(coefficients, indent=2) + "\n")
    write_result(
        run,
        metrics=metrics,
        importance=importance,
        environment=environment("cpu", PACKAGES),
        files=[{"path": "coefficients.json", "description": "Coefficients over the standardised features"}],
    )


if __name__ == "__main__":
    run_trainer(train)
