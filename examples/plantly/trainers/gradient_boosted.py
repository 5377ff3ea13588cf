"""Version 2: gradient-boosted trees on profile, catalogue, affinity, popularity and season columns.

Asks for a CUDA device, finds out by itself whether one works, and says plainly what it ran on.
"""

from __future__ import annotations

import os
import sys

# The folder's files are recorded by digest; byte code beside them would change it.
sys.dont_write_bytecode = True

# Other work may share the cores: idle OpenMP threads must sleep, not spin. Set before any library loads.
os.environ["OMP_WAIT_POLICY"] = "passive"
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import json
import warnings
from pathlib import Path

import numpy as np
import xgboost as xgb
from onnxmltools import convert_xgboost
from onnxmltools.convert.common.data_types import FloatTensorType

from model_metrics import describe, log_loss
from onnx_graphs import INPUT, save_classifier, verify
from perennial_trainer import (
    Checkpoints,
    Interruption,
    TrainingInput,
    environment,
    leave_if_interrupted,
    log,
    report_progress,
    run_trainer,
    write_result,
)

PACKAGES = ["numpy", "scipy", "xgboost", "onnx", "onnxmltools", "pyarrow"]
ROUNDS_PER_STEP = 20


def find_device(wanted: str) -> tuple[str, str]:
    """The device to train on, and one sentence for log and result. XGBoost falls back to the CPU silently, so
    a tiny training asks for the device and then reads from the booster what was really used."""
    if wanted == "cpu":
        return "cpu", "cpu (as asked)"
    if not xgb.build_info().get("USE_CUDA", False):
        return "cpu", f"cpu (asked for {wanted}, but this build of XGBoost {xgb.__version__} has no CUDA)"
    try:
        with warnings.catch_warnings(record=True):
            warnings.simplefilter("always")
            probe = xgb.train(
                {"device": wanted, "tree_method": "hist", "max_depth": 1, "verbosity": 0},
                xgb.DMatrix(np.array([[0.0], [1.0]]), label=np.array([0.0, 1.0])),
                num_boost_round=1,
            )
    except xgb.core.XGBoostError as error:
        reason = str(error).strip().splitlines()[0]
        return "cpu", f"cpu (asked for {wanted}, but it doesn't work here: {reason})"
    used = json.loads(probe.save_config())["learner"]["generic_param"]["device"]
    if used.startswith("cuda"):
        return used, used
    return "cpu", f"cpu (asked for {wanted}, but no usable CUDA device was found)"


def train(run: TrainingInput, interruption: Interruption) -> None:
    mask_index = run.mask_index()
    rounds = run.parameter("rounds", 160)
    steps = -(-rounds // ROUNDS_PER_STEP)
    device, device_text = find_device(run.parameter("device", "cuda"))
    log(f"device: {device_text}")
    log(
        f"{len(run.train.label)} examples, {len(run.feature_names)} features, "
        f"mask {'on' if mask_index is not None else 'OFF'}"
    )
    settings = {
        "objective": "binary:logistic",
        "tree_method": "hist",
        "device": device,
        "n_jobs": 1,
        "max_depth": run.parameter("maxDepth", 5),
        "learning_rate": run.parameter("learningRate", 0.08),
        "min_child_weight": run.parameter("minChildWeight", 20.0),
        "reg_lambda": run.parameter("lambda", 2.0),
        "verbosity": 1,
    }
    checkpoints = Checkpoints(run, f"gradient_boosted/{device}")
    latest: Path | None = None
    done = 0
    resumed = checkpoints.latest()
    if resumed:
        done, folder = resumed
        latest = folder / "model.ubj"

    working = run.output_dir / "model.ubj"
    for step in range(done + 1, steps + 1):
        size = min(ROUNDS_PER_STEP, rounds - (step - 1) * ROUNDS_PER_STEP)
        model = xgb.XGBClassifier(n_estimators=size, random_state=run.seed + step, **settings)
        # Every step starts from the saved bytes of the one before, so a resumed run makes the same trees.
        model.fit(run.train.features, run.train.label, xgb_model=str(latest) if latest else None)
        model.save_model(working)
        latest = working
        checkpoints.save(step, lambda folder: model.save_model(folder / "model.ubj"))
        progress = {"train.logLoss": round(log_loss(run.train.label, model.predict_proba(run.train.features)[:, 1]), 9)}
        if run.validation:
            validation_score = model.predict_proba(run.validation.features)[:, 1]
            progress["validation.logLoss"] = round(log_loss(run.validation.label, validation_score), 9)
        report_progress(step, steps, progress)
        leave_if_interrupted(interruption)
    # A step's model counts only its own rounds; the converter needs the number of all.
    model = xgb.XGBClassifier(n_estimators=rounds, **settings)
    model.load_model(latest)
    model.set_params(n_estimators=rounds)
    model.save_model(working)

    def score(features: np.ndarray) -> np.ndarray:
        probability = model.predict_proba(features)[:, 1]
        return probability if mask_index is None else probability * (1 - np.minimum(np.abs(features[:, mask_index]), 1))

    metrics = describe("train", run.train, score(run.train.features))
    if run.validation:
        metrics |= describe("validation", run.validation, score(run.validation.features))
    converted = convert_xgboost(
        model, initial_types=[(INPUT, FloatTensorType([None, len(run.feature_names)]))], target_opset=15
    )
    save_classifier(run.output_dir / "model.onnx", converted, len(run.feature_names), mask_index)
    verify(run.output_dir / "model.onnx", run.train.features[:64], score(run.train.features[:64]))
    gain = model.get_booster().get_score(importance_type="total_gain")
    total = sum(gain.values()) or 1.0
    importance = {name: round(gain.get(f"f{i}", 0.0) / total, 9) for i, name in enumerate(run.feature_names)}
    write_result(
        run,
        metrics=metrics,
        importance=importance,
        environment=environment(device_text, PACKAGES),
        files=[{"path": "model.ubj", "description": "The booster in XGBoost's own format"}],
    )


if __name__ == "__main__":
    run_trainer(train)
