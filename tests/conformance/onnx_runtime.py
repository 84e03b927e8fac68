"""Runs every graph of a folder on ONNX Runtime: graph.json, weights.safetensors and inputs.safetensors of each subfolder
become an ONNX model and a run, whose outputs go into outputs.safetensors beside them. Needs onnx, onnxruntime and numpy.

    python onnx_runtime.py FOLDER
"""

import json
import pathlib
import struct
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

DTYPES = {
    "F32": np.float32,
    "I64": np.int64,
    "I32": np.int32,
    "U8": np.uint8,
    "I8": np.int8,
    "BOOL": np.bool_,
}


def read_tensors(path):
    file = path.read_bytes()
    (length,) = struct.unpack_from("<Q", file)
    header, data = json.loads(file[8 : 8 + length]), file[8 + length :]
    tensors = {}
    for name, info in header.items():
        start, end = info["data_offsets"]
        tensors[name] = np.frombuffer(data[start:end], DTYPES[info["dtype"]]).reshape(info["shape"])
    return tensors


def write_tensors(path, tensors):
    header, data = {}, b""
    for name, tensor in tensors.items():
        bytes = np.ascontiguousarray(tensor, np.float32).tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(bytes)]}
        data += bytes
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def model(graph, weights):
    inputs = [helper.make_tensor_value_info(i["name"], TensorProto.FLOAT, i["shape"]) for i in graph["inputs"]]
    # Without sizes, so that ONNX Runtime finds them out for itself.
    sizes = lambda output: [f"{output['name']}_{i}" for i in range(len(output["shape"]))]
    outputs = [helper.make_tensor_value_info(o["name"], TensorProto.FLOAT, sizes(o)) for o in graph["outputs"]]
    initializers = [numpy_helper.from_array(weights[name], name) for name in graph["initializers"]]
    nodes = [
        helper.make_node(n["op_type"], n["inputs"], n["outputs"], n["name"], **attributes(n)) for n in graph["nodes"]
    ]
    opset = helper.make_opsetid("", graph["opset"])
    made = helper.make_model(
        helper.make_graph(nodes, "graph", inputs, outputs, initializers), opset_imports=[opset], ir_version=10
    )
    onnx.checker.check_model(made)
    return made


def attributes(node):
    """Floats may be written as whole numbers in graph.json; ONNX knows the type of each attribute."""
    schema = onnx.defs.get_schema(node["op_type"]).attributes
    given = node.get("attributes", {})
    floats = [name for name in given if schema[name].type == onnx.defs.OpSchema.AttrType.FLOAT]
    return {name: float(value) if name in floats else value for name, value in given.items()}


def run(folder):
    graph = json.loads((folder / "graph.json").read_text())
    built = model(graph, read_tensors(folder / "weights.safetensors"))
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(built.SerializeToString(), options, providers=["CPUExecutionProvider"])
    names = [output["name"] for output in graph["outputs"]]
    outputs = session.run(names, read_tensors(folder / "inputs.safetensors"))
    write_tensors(folder / "outputs.safetensors", dict(zip(names, outputs)))


for case in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    try:
        run(case)
    except Exception as error:
        (case / "refused.txt").write_text(str(error))
