"""Writes the ONNX project's own node tests, as its package makes them, in a form that the runner beside this reads.

    generate.py FOLDER

Kept are cases whose tensors are f32, i64 and bool (QuantizeLinear and DequantizeLinear: u8, i8 and i32 too), without
those that spell a function out and those of training. A run takes and makes f32, batch first, so a model is changed at
its edges: an input of another type becomes an initializer (or, where no other input is left, is cast from f32), and an
output of another type is cast to f32. Each case is written in four forms, of which the runner takes the first that is
not refused:

    NAME.onnx               every f32 input is left an input
    NAME.fixed.onnx         what a network holds as a parameter (weights, bounds, scales) is an initializer
    NAME.record.onnx        as the first, but the whole case is one record: every input and output has a batch of one
                            before its own dimensions, which a Squeeze takes away and an Unsqueeze adds
    NAME.record.fixed.onnx  both

`.bin` beside each holds the elements as little-endian f32, inputs, then outputs; `cases.json` the rest.
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


class Adapted:
    """A model with f32 at its edges, the inputs that it still has, and the shapes of its outputs."""

    def __init__(self, case, values, outputs, stay, record):
        self.model = type(case.model)()
        self.model.CopyFrom(case.model)
        self.graph = self.model.graph
        self.before, self.after = [], []
        self.lead = [1] if record else []
        self.opset = next((o.version for o in self.model.opset_import if o.domain in ("", "ai.onnx")), None)
        self.sizes = {}
        self.fed = self.with_inputs(values, stay)
        self.with_outputs()
        self.made = [value.reshape(self.lead + list(value.shape)) for value in outputs]
        self.finish()

    def with_inputs(self, values, stay):
        fed = []
        del self.graph.input[:]
        for name, value in values.items():
            if name not in stay:
                self.graph.initializer.append(numpy_helper.from_array(value, name))
                continue
            fed.append(np.asarray(value, np.float32).reshape(self.lead + list(value.shape)))
            self.before.append(self.cast(name, value.dtype, name + "_as_f32"))
            edge = name if value.dtype == np.float32 else name + "_as_f32"
            self.before.append(self.batch_of_one("Squeeze", edge + "_record", edge))
            edge = edge + "_record" if self.lead else edge
            self.graph.input.append(helper.make_tensor_value_info(edge, TensorProto.FLOAT, fed[-1].shape))
            # Exporters also write zero for a dimension that is open, so that it is meant has to be said.
            self.sizes |= {f"{edge}.{axis}": 0 for axis, size in enumerate(fed[-1].shape) if size == 0}
        return fed

    def with_outputs(self):
        for index, output in enumerate(self.graph.output):
            shape = [size.dim_value for size in output.type.tensor_type.shape.dim]
            edge = output.name
            if output.type.tensor_type.elem_type != TensorProto.FLOAT:
                edge = output.name + "_as_f32"
                self.after.append(self.cast(edge, np.dtype(np.float32), output.name, of_output=True))
            self.after.append(self.batch_of_one("Unsqueeze", edge, edge + "_record"))
            edge = edge + "_record" if self.lead else edge
            self.graph.output[index].CopyFrom(helper.make_tensor_value_info(edge, TensorProto.FLOAT, self.lead + shape))

    def cast(self, name, dtype, source, of_output=False):
        """From `source` to `name`, where it is no f32 already."""
        if dtype == np.float32 and not of_output:
            return None
        return helper.make_node("Cast", [source], [name], to=helper.np_dtype_to_tensor_dtype(dtype))

    def batch_of_one(self, op, source, target):
        """Takes the batch of a case that is one record away, or adds it; the axis is an input since opset 13."""
        if not self.lead:
            return None
        if (self.opset or 13) < 13:
            return helper.make_node(op, [source], [target], axes=[0])
        return helper.make_node(op, [source, "axis_of_the_batch"], [target])

    def finish(self):
        nodes = [n for n in self.before[::-1] if n] + list(self.graph.node) + [n for n in self.after if n]
        if any("axis_of_the_batch" in node.input for node in nodes):
            self.graph.initializer.append(numpy_helper.from_array(np.array([0], np.int64), "axis_of_the_batch"))
        del self.graph.node[:]
        self.graph.node.extend(nodes)
        for index, node in enumerate(self.graph.node):
            node.name = node.name or f"{node.op_type}_{index}"
        if self.opset is None:
            self.model.opset_import.append(helper.make_operatorsetid("", 13))


FORMS = [("", False, False), (".fixed", True, False), (".record", False, True), (".record.fixed", True, True)]


def write(case, folder):
    inputs, outputs = case.data_sets[0]
    names = [value.name for value in case.model.graph.input]
    values = {name: np.asarray(as_array(value)) for name, value in zip(names, inputs)}
    outputs = [np.asarray(as_array(value), np.float32) for value in outputs]
    forms = []
    for ending, fixed, record in FORMS:
        adapted = Adapted(case, values, outputs, inputs_that_stay(case, values, fixed), record)
        (folder / f"{case.name}{ending}.onnx").write_bytes(adapted.model.SerializeToString())
        elements = [tensor.astype("<f4").tobytes() for tensor in adapted.fed + adapted.made]
        (folder / f"{case.name}{ending}.bin").write_bytes(b"".join(elements))
        shapes = {"inputs": [list(t.shape) for t in adapted.fed], "outputs": [list(t.shape) for t in adapted.made]}
        forms.append({"ending": ending, "sizes": adapted.sizes, **shapes})
    ops = [node.op_type for node in case.model.graph.node]
    tolerances = {"rtol": case.rtol, "atol": case.atol}
    return {"name": case.name, "op": ops[0], "promised": set(ops) <= PROMISED, **tolerances, "forms": forms}


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
