"""Trains a gradient-boosted classifier on landed flights and exports it as ONNX.

Contract: reads the JSON file named by PERENNIAL_INPUT, writes outputDir/result.json. Exit 2: the input can't be
trained on. Input of the ONNX model: `features` float32 [-1, F]; output: `score` float32 [-1], P(late).
"""

from __future__ import annotations

import json
import os
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import onnx
import pyarrow.parquet as pq
from onnx import TensorProto, helper
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.pipeline import make_pipeline


def refuse(message: str) -> None:
    print(message, file=sys.stderr)
    sys.exit(2)


def progress(step: int, total: int, **metrics: float) -> None:
    print(json.dumps({"progress": {"step": step, "totalSteps": total, "metrics": metrics}}), flush=True)


def with_score_output(model: onnx.ModelProto) -> onnx.ModelProto:
    """Replaces the class probabilities [-1, 2] by one output `score` [-1]: the probability of class 1."""
    graph = model.graph
    probabilities = graph.output[1].name
    graph.initializer.append(helper.make_tensor("one", TensorProto.INT64, [1], [1]))
    graph.node.append(helper.make_node("Gather", [probabilities, "one"], ["column"], axis=1))
    graph.initializer.append(helper.make_tensor("axes", TensorProto.INT64, [1], [1]))
    graph.node.append(helper.make_node("Squeeze", ["column", "axes"], ["score"]))
    del graph.output[:]
    graph.output.append(helper.make_tensor_value_info("score", TensorProto.FLOAT, [None]))
    onnx.checker.check_model(model)
    return model


def main() -> None:
    given = json.loads(Path(os.environ["PERENNIAL_INPUT"]).read_text())
    names = [feature["name"] for feature in given["features"]]
    train = next(dataset for dataset in given["datasets"] if dataset["name"] == "train")
    table = pq.read_table(train["path"])
    matrix = np.column_stack([table.column(name).to_numpy(zero_copy_only=False).astype(np.float32) for name in names])
    label = table.column(given["label"]).to_numpy(zero_copy_only=False).astype(np.float32)
    if len(np.unique(label)) < 2:
        refuse(f"every example has the label {label[0]:g}; both 0 and 1 are needed")
    parameters = given["parameters"]
    progress(0, 2)
    model = make_pipeline(
        SimpleImputer(strategy="median", keep_empty_features=True),
        GradientBoostingClassifier(
            n_estimators=int(parameters.get("trees", 60)),
            learning_rate=float(parameters.get("learningRate", 0.15)),
            max_depth=int(parameters.get("maxDepth", 3)),
            subsample=0.5,
            random_state=int(given["seed"]),
        ),
    ).fit(matrix, label)
    score = model.predict_proba(matrix)[:, 1]
    metrics = {"trainAuc": float(roc_auc_score(label, score)), "trainLogLoss": float(log_loss(label, score))}
    progress(1, 2, **metrics)
    exported = convert_sklearn(
        model,
        initial_types=[("features", FloatTensorType([None, len(names)]))],
        options={"zipmap": False},
        target_opset=17,
    )
    output = Path(given["outputDir"])
    (output / "model.onnx").write_bytes(with_score_output(exported).SerializeToString())
    progress(2, 2, **metrics)
    result = {
        "contractVersion": 1,
        "model": {
            "path": "model.onnx",
            "format": "onnx",
            "signature": {
                "inputs": [{"name": "features", "type": "float32", "shape": [-1, len(names)], "features": names}],
                "outputs": [{"name": "score", "type": "float32", "shape": [-1]}],
            },
        },
        "metrics": metrics,
        "featureImportance": None,
        "environment": {"device": "cpu", "packages": {p: version(p) for p in ("scikit-learn", "skl2onnx", "onnx", "numpy")}},
        "files": [],
    }
    (output / "result.json").write_text(json.dumps(result))


if __name__ == "__main__":
    main()
