"""Trains boosted trees on biopsies and exports them as ONNX; the contract is docs/trainers.md.

Input of the model: `features` float32 [-1, F]. Output: `score` float32 [-1], the probability of malignancy.
"""

import json
import os
import sys
from pathlib import Path

import numpy as np
import onnx
import pyarrow.parquet as pq
from onnx import TensorProto, helper
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType
from sklearn.ensemble import GradientBoostingClassifier

given = json.loads(Path(os.environ["PERENNIAL_INPUT"]).read_text())
table = pq.read_table(next(dataset["path"] for dataset in given["datasets"] if dataset["name"] == "train"))
names = [feature["name"] for feature in given["features"]]
rows = np.column_stack([table[name].to_numpy().astype(np.float32) for name in names])
malignant = table[given["label"]].to_numpy().astype(int)
if len(set(malignant)) < 2:
    print("every biopsy has the same finding; both are needed", file=sys.stderr)
    sys.exit(2)

model = GradientBoostingClassifier(n_estimators=60, max_depth=2, random_state=given["seed"]).fit(rows, malignant)
accuracy = float(model.score(rows, malignant))
print(json.dumps({"progress": {"step": 1, "totalSteps": 2, "metrics": {"trainAccuracy": accuracy}}}), flush=True)

# The converter yields P(benign) and P(malignant) side by side; Perennial judges one number a row.
exported = convert_sklearn(
    model,
    initial_types=[("features", FloatTensorType([None, len(names)]))],
    options={"zipmap": False},
    target_opset=17,
)
graph = exported.graph
graph.initializer.append(helper.make_tensor("one", TensorProto.INT64, [], [1]))
graph.node.append(helper.make_node("Gather", [graph.output[1].name, "one"], ["score"], axis=1))
del graph.output[:]
graph.output.append(helper.make_tensor_value_info("score", TensorProto.FLOAT, [None]))
onnx.checker.check_model(exported)

output = Path(given["outputDir"])
(output / "model.onnx").write_bytes(exported.SerializeToString())
signature = {
    "inputs": [{"name": "features", "type": "float32", "shape": [-1, len(names)], "features": names}],
    "outputs": [{"name": "score", "type": "float32", "shape": [-1]}],
}
result = {
    "contractVersion": 1,
    "model": {"path": "model.onnx", "format": "onnx", "signature": signature},
    "metrics": {"trainAccuracy": accuracy},
    "featureImportance": dict(zip(names, model.feature_importances_.tolist(), strict=True)),
    "environment": {"device": "cpu", "packages": {"onnx": onnx.__version__}},
    "files": [],
}
(output / "result.json").write_text(json.dumps(result))
