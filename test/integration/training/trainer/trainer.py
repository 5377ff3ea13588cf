"""A trainer of the standard library only, which behaves as its parameter `mode` says."""

import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path

given = json.loads(Path(os.environ["PERENNIAL_INPUT"]).read_text())
mode = given["parameters"]["mode"]
output, checkpoints = Path(given["outputDir"]), Path(given["checkpointDir"])


def progress(step, **metrics):
    print(json.dumps({"progress": {"step": step, "totalSteps": 5, "metrics": metrics}}))


def checkpoint(step):
    folder = checkpoints / f"step-{step}"
    folder.mkdir()
    (folder / "state").write_text(str(step))
    (folder / "COMPLETE").touch()


def result(**changes):
    shutil.copy("linear.onnx", output / "model.onnx")
    (output / "notes.txt").write_text("notes")
    features = [feature["name"] for feature in given["features"]]
    content = {
        "contractVersion": 1,
        "model": {
            "path": "model.onnx",
            "format": "onnx",
            "signature": {
                "inputs": [{"name": "features", "type": "float32", "shape": [-1, 3], "features": features}],
                "outputs": [{"name": "score", "type": "float32", "shape": [-1]}],
            },
        },
        "metrics": {"loss": 0.25},
        "featureImportance": {name: 1.0 for name in features},
        "environment": {"device": "cpu", "attempt": given["attempt"], "resumedAt": resumed},
        "files": [{"path": "notes.txt", "description": "What was noted"}],
    }
    for path, value in changes.items():
        place = content
        *parents, last = path.split("__")
        for parent in parents:
            place = place[parent]
        place[last] = value
    (output / "result.json").write_text(json.dumps(content))


resumed = None
if given["resumeFrom"]:
    resumed = int((Path(given["resumeFrom"]) / "state").read_text())

if mode == "good":
    progress(1, loss=0.5)
    result()
elif mode == "count":
    with open(given["parameters"]["file"], "a") as file:
        file.write("trained\n")
    result()
elif mode == "refuse":
    print("label column has one value", file=sys.stderr)
    sys.exit(2)
elif mode == "nul":
    print("label \0 column", file=sys.stderr)
    sys.exit(2)
elif mode == "half-a-character":
    result(metrics={"lo\ud800ss": 0.5})
elif mode == "retry":
    sys.exit(75)
elif mode == "crash-once":
    start = resumed or 0
    for step in range(start + 1, 6):
        progress(step)
        checkpoint(step)
        if step == 3 and resumed is None:
            os.kill(os.getpid(), signal.SIGSEGV)
    result()
elif mode == "hang":
    progress(1)
    while True:
        progress(1)
        time.sleep(0.05)
elif mode == "forever":
    signal.signal(signal.SIGTERM, lambda *_: (checkpoint(2), sys.exit(0)))
    progress(1)
    while True:
        time.sleep(0.05)
elif mode == "environment":
    (output / "environment.json").write_text(json.dumps(dict(os.environ)))
    result(files=[{"path": "environment.json", "description": "What the trainer saw"}])
elif mode == "leak":
    print("token is", os.environ["ALLOWED_TOKEN"], file=sys.stderr)
    sys.exit(1)
elif mode == "silent":
    pass
elif mode == "garbage":
    (output / "result.json").write_text("{ not json")
elif mode == "wrong-version":
    result(contractVersion=2, metrics={"loss": "low"})
elif mode == "escape":
    result(model__path="../../input.json")
elif mode == "link":
    result()
    (output / "model.onnx").unlink()
    (output / "model.onnx").symlink_to("/etc/hostname")
elif mode == "not-onnx":
    result()
    (output / "model.onnx").write_text("this is no model")
elif mode == "reordered":
    names = [feature["name"] for feature in given["features"]]
    result(model__signature__inputs=[
        {"name": "features", "type": "float32", "shape": [-1, 3], "features": names[::-1]}
    ])
elif mode == "wrong-output":
    result(model__signature__outputs=[{"name": "probability", "type": "float32", "shape": [-1]}])
else:
    raise SystemExit(f"unknown mode {mode}")
