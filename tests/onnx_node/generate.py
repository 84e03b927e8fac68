"""Writes the ONNX project's own node tests, as its package makes them, in a form that the runner beside this reads.

    generate.py FOLDER

Kept are cases whose tensors are f32, i64 and bool (QuantizeLinear and DequantizeLinear: u8, i8 and i32 too), without
those that spell a function out and those of training. A run takes and makes f32, so a model is changed at its edges:
an input of another type becomes an initializer (or, where no other input is left, is cast from f32), and an output of
another type is cast to f32. Each case is written twice: `NAME.onnx` with every f32 input left an input, and
`NAME.fixed.onnx`, where what a network holds as a parameter (weights, bounds, scales) is an initializer too.

`NAME.bin` holds the elements as little-endian f32: inputs, then outputs; `cases.json` the rest.
"""

import collections
import json
import pathlib
import sys

import numpy as np
from onnx import TensorProto, helper, numpy_helper
from onnx.backend.test.case.node import collect_testcases

PLAIN = {np.dtype(np.float32), np.dtype(np.int64), np.dtype(np.bool_)}
QUANTIZED = PLAIN | {np.dtype(np.uint8), np.dtype(np.int8), np.dtype(np.int32)}
QUANTIZERS = {"QuantizeLinear", "DequantizeLinear"}

# Ops whose inputs are all data; of any other the first is data, and the rest are parameters.
ALL_DATA = {"Add", "Sub", "Mul", "Div", "MatMul", "Concat", "Max", "Min", "Mean", "Sum", "Pow", "Where", "And", "Or", "Xor"}

# What is promised; the classical models of ai.onnx.ml have no node tests of these types.
PROMISED = set(
    """Conv Gemm MatMul Add Sub Mul Div Relu Clip Sigmoid Tanh HardSwish LeakyRelu PRelu Gelu Erf BatchNormalization
    LayerNormalization AveragePool MaxPool GlobalAveragePool GlobalMaxPool Softmax Reshape Flatten Squeeze Unsqueeze
    Transpose Concat Slice Split Pad Gather ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin
    ReduceProd ReduceSum ReduceSumSquare Cast Constant QuantizeLinear DequantizeLinear""".split()
)


def tensors_of(case):
    """Every tensor of a case, those in attributes included; None where one is no plain tensor."""
    inputs, outputs = case.data_sets[0]
    inner = [a.t for node in case.model.graph.node for a in node.attribute if a.HasField("t")]
    tensors = [as_array(tensor) for tensor in [*inner, *inputs, *outputs]]
    return tensors if all(isinstance(tensor, (np.ndarray, np.generic)) for tensor in tensors) else None


def as_array(tensor):
    return numpy_helper.to_array(tensor) if isinstance(tensor, TensorProto) else tensor


def is_kept(case):
    ops = {node.op_type for node in case.model.graph.node}
    domains = {node.domain for node in case.model.graph.node}
    if "_expanded" in case.name or "training" in case.name or any("training" in domain for domain in domains):
        return False
    if any(a.HasField("g") for node in case.model.graph.node for a in node.attribute):
        return False
    if any(not value.type.HasField("tensor_type") for value in [*case.model.graph.input, *case.model.graph.output]):
        return False
    tensors = tensors_of(case)
    allowed = QUANTIZED if ops <= QUANTIZERS else PLAIN
    return tensors is not None and all(tensor.dtype in allowed for tensor in tensors)


def inputs_that_stay(case, values, fixed):
    """Which inputs a run is given: names."""
    node = case.model.graph.node[0]
    floats = [name for name, value in values.items() if value.dtype == np.float32]
    if fixed:
        data = node.input if node.op_type in ALL_DATA else node.input[:1]
        floats = [name for name in floats if name in data]
    # An op on integers only takes its first operand from the run all the same.
    return floats or list(values)[:1]


def adapted(case, values, stay):
    """The model with f32 at its edges, and the elements of the inputs that it still has."""
    model = type(case.model)()
    model.CopyFrom(case.model)
    graph = model.graph
    fed = []
    casts = []
    del graph.input[:]
    for name, value in values.items():
        if name not in stay:
            graph.initializer.append(numpy_helper.from_array(np.asarray(value), name))
            continue
        fed.append(np.asarray(value, np.float32))
        at_edge = name if value.dtype == np.float32 else name + "_as_f32"
        graph.input.append(helper.make_tensor_value_info(at_edge, TensorProto.FLOAT, value.shape))
        if at_edge != name:
            to = helper.np_dtype_to_tensor_dtype(value.dtype)
            casts.append(helper.make_node("Cast", [at_edge], [name], name=name + "_cast", to=to))
    nodes = casts + list(graph.node)
    for index, output in enumerate(graph.output):
        if output.type.tensor_type.elem_type == TensorProto.FLOAT:
            continue
        name = output.name + "_as_f32"
        nodes.append(helper.make_node("Cast", [output.name], [name], name=name + "_cast", to=TensorProto.FLOAT))
        shape = [size.dim_value for size in output.type.tensor_type.shape.dim]
        graph.output[index].CopyFrom(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
    del graph.node[:]
    graph.node.extend(nodes)
    for index, node in enumerate(graph.node):
        node.name = node.name or f"{node.op_type}_{index}"
    if len(nodes) > len(case.model.graph.node) and all(o.domain not in ("", "ai.onnx") for o in model.opset_import):
        model.opset_import.append(helper.make_operatorsetid("", 13))
    return model, fed


def write(case, folder):
    inputs, outputs = case.data_sets[0]
    names = [value.name for value in case.model.graph.input]
    values = {name: np.asarray(as_array(value)) for name, value in zip(names, inputs)}
    outputs = [np.asarray(as_array(value), np.float32) for value in outputs]
    forms = {}
    for form, fixed in [("plain", False), ("fixed", True)]:
        model, fed = adapted(case, values, inputs_that_stay(case, values, fixed))
        ending = ".fixed" if fixed else ""
        (folder / f"{case.name}{ending}.onnx").write_bytes(model.SerializeToString())
        elements = [tensor.astype("<f4").tobytes() for tensor in fed + outputs]
        (folder / f"{case.name}{ending}.bin").write_bytes(b"".join(elements))
        forms[form] = [list(tensor.shape) for tensor in fed]
    ops = [node.op_type for node in case.model.graph.node]
    return {
        "name": case.name,
        "op": ops[0],
        "promised": set(ops) <= PROMISED,
        "rtol": case.rtol,
        "atol": case.atol,
        "inputs": forms["plain"],
        "fixed_inputs": forms["fixed"],
        "outputs": [list(tensor.shape) for tensor in outputs],
    }


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    np.random.seed(0)
    kept = [case for case in collect_testcases() if case.kind == "node" and is_kept(case)]
    cases = [write(case, folder) for case in sorted(kept, key=lambda case: case.name)]
    (folder / "cases.json").write_text(json.dumps(cases))
    count = collections.Counter(case["promised"] for case in cases)
    print(f"{len(cases)} cases, {count[True]} of promised ops")


main()
