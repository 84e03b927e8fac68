"""Makes models that do nothing, to measure what a call costs: an ONNX file of one Identity, a tflite file of no node.

    nothing.py OUT.onnx OUT.tflite
"""

import pathlib
import sys

import flatbuffers
from ai_edge_litert import schema_py_generated as schema
from onnx import TensorProto, helper


def onnx():
    value = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 4]) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"], name="nothing")], "nothing", value[:1], value[1:])
    return helper.make_model(graph, opset_imports=[helper.make_operatorsetid("", 17)], ir_version=9).SerializeToString()


def tflite():
    tensor = schema.TensorT()
    tensor.shape, tensor.type, tensor.buffer, tensor.name = [1, 4], schema.TensorType.FLOAT32, 0, b"x"
    graph = schema.SubGraphT()
    graph.tensors, graph.inputs, graph.outputs, graph.operators = [tensor], [0], [0], []
    model = schema.ModelT()
    model.version, model.operatorCodes, model.subgraphs, model.buffers = 3, [], [graph], [schema.BufferT()]
    builder = flatbuffers.Builder()
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def main():
    targets = map(pathlib.Path, sys.argv[1:])
    for target, model in zip(targets, [onnx(), tflite()]):
        target.write_bytes(model)


main()
