// What `kiln compare` runs in Python: ONNX Runtime on the same inputs, with the same inner values as outputs.
#include "compiler/tools/CompareScript.h"

namespace kiln::tools {
const char *const compareScript = R"python(import json
import sys

try:
    import numpy as np
    import onnx
    import onnxruntime
except ImportError as missing:
    sys.exit(f"kiln: error: compare needs numpy, onnx and onnxruntime in {sys.executable}: {missing}; KILN_PYTHON names another Python")

MISSING = object()


def reference(job):
    """Every value of the job, by name, as ONNX Runtime computes it without rewriting the graph; or MISSING."""
    model = onnx.load(job["model"])
    own = {output.name for output in model.graph.output}
    model.graph.output.extend(onnx.ValueInfoProto(name=v["name"]) for v in job["values"] if v["name"] not in own)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    feeds = {name: np.load(file) for name, file in job["inputs"].items()}
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, feeds)))


def difference(ours, theirs):
    """The largest |difference| and the largest magnitude; what is NaN or infinite must be so on both sides."""
    if ours.shape != theirs.shape or ours.size == 0:
        return (0.0 if ours.shape == theirs.shape else float("inf")), 1.0
    a, b = ours.astype(np.float64), theirs.astype(np.float64)
    finite = np.isfinite(b)
    if not np.array_equal(a[~finite], b[~finite], equal_nan=True) or not np.isfinite(a[finite]).all():
        return float("inf"), 1.0
    return (np.abs(a[finite] - b[finite]).max(), np.abs(b[finite]).max()) if finite.any() else (0.0, 1.0)


def main(path):
    with open(path) as file:
        job = json.load(file)
    try:
        theirs = reference(job)
    except Exception as error:
        sys.exit(f"kiln: error: ONNX Runtime does not run {job['model']}: {str(error).splitlines()[0]}")
    rows, first = [("layer", "operator", "value", "shape", "difference", "relative", "")], None
    for value in job["values"]:
        ours, other = np.load(value["file"]), theirs.get(value["name"], MISSING)
        if other is MISSING:
            continue
        gap, largest = difference(ours, other)
        relative = gap / largest if largest > 0 else (0.0 if gap == 0 else float("inf"))
        differs = not relative <= job["tolerance"]
        shape = "x".join(map(str, other.shape)) or "scalar"
        rows.append((value["layer"], value["op"], value["name"], shape, f"{gap:.3g}", f"{relative:.3g}", "DIFFERS" if differs else "ok"))
        if differs and first is None:
            first = value, relative
    widths = [max(len(row[i]) for row in rows) for i in range(7)]
    for row in rows:
        print("  ".join(text.ljust(width) for text, width in zip(row, widths)).rstrip())
    sys.stdout.flush()
    if first:
        value, relative = first
        sys.exit(f"kiln: error: layer '{value['layer']}' ({value['op']}) is the first that differs: its output '{value['name']}' is {relative:.3g} "
                 f"of its largest magnitude away from ONNX Runtime's, expected at most {job['tolerance']:.3g}")
    print(f"all {len(rows) - 1} values agree with ONNX Runtime {onnxruntime.__version__} to {job['tolerance']:.3g} of their largest magnitude")


main(sys.argv[1])
)python";
} // namespace kiln::tools
