"""What a trainer reports of its model: areas under curves, loss and calibration, on train and validation."""

from __future__ import annotations

import numpy as np

from perennial_trainer import Examples


def auc(label: np.ndarray, score: np.ndarray) -> float:
    """Area under the ROC curve as the Mann-Whitney statistic, ties counted half. NaN with one class only."""
    positives = int(label.sum())
    negatives = len(label) - positives
    if positives == 0 or negatives == 0:
        return float("nan")
    _, inverse, counts = np.unique(score, return_inverse=True, return_counts=True)
    last_rank = np.cumsum(counts)
    rank = (last_rank - (counts - 1) / 2.0)[inverse]
    return float((rank[label == 1].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def log_loss(label: np.ndarray, score: np.ndarray) -> float:
    """Mean negative log-likelihood; scores are kept 1e-7 away from 0 and 1."""
    probability = np.clip(score.astype(np.float64), 1e-7, 1 - 1e-7)
    return float(-np.mean(label * np.log(probability) + (1 - label) * np.log(1 - probability)))


def describe(prefix: str, examples: Examples, score: np.ndarray) -> dict[str, float]:
    """Metrics of one dataset, rounded to 9 digits so that equal models give equal text."""
    values = {
        "auc": auc(examples.label, score),
        "logLoss": log_loss(examples.label, score),
        "meanScore": float(score.mean(dtype=np.float64)),
        "meanLabel": float(examples.label.mean(dtype=np.float64)),
        "rows": float(len(examples.label)),
    }
    return {f"{prefix}.{name}": round(value, 9) for name, value in values.items() if np.isfinite(value)}
