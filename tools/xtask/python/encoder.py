"""Makes an encoder of MiniLM's shape with random weights: 6 layers of width 384 and 12 heads on 64 tokens' embeddings.

    encoder.py OUT.onnx
"""

import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

LAYERS, WIDTH, HEADS, INNER, TOKENS = 6, 384, 12, 1536, 64
HEAD = WIDTH // HEADS


class Encoder:
    def __init__(self):
        self.generator = np.random.default_rng(0)
        self.nodes, self.initializers = [], []
        shape = helper.make_tensor_value_info
        x = "x"
        for layer in range(LAYERS):
            x = self.layer(f"layer{layer}", x)
        ends = [shape("x", TensorProto.FLOAT, [1, TOKENS, WIDTH])], [shape(x, TensorProto.FLOAT, [1, TOKENS, WIDTH])]
        graph = helper.make_graph(self.nodes, "encoder", *ends, self.initializers)
        self.model = helper.make_model(graph, opset_imports=[helper.make_operatorsetid("", 20)], ir_version=9)

    def node(self, op, name, inputs, **attributes):
        self.nodes.append(helper.make_node(op, inputs, [name], name=name, **attributes))
        return name

    def constant(self, name, values):
        self.initializers.append(numpy_helper.from_array(values, name))
        return name

    def linear(self, name, x, inside, outside):
        weights = self.generator.normal(0, inside**-0.5, (inside, outside)).astype(np.float32)
        product = self.node("MatMul", name + ".product", [x, self.constant(name + ".weight", weights)])
        bias = self.generator.normal(0, 0.02, outside).astype(np.float32)
        return self.node("Add", name, [product, self.constant(name + ".bias", bias)])

    def heads(self, name, x, order):
        shape = self.constant(name + ".shape", np.array([0, TOKENS, HEADS, HEAD], np.int64))
        return self.node("Transpose", name + ".heads", [self.node("Reshape", name + ".split", [x, shape])], perm=order)

    def normalised(self, name, x, residual):
        total = self.node("Add", name + ".sum", [x, residual])
        scale = self.constant(name + ".scale", np.ones(WIDTH, np.float32))
        bias = self.constant(name + ".bias", np.zeros(WIDTH, np.float32))
        return self.node("LayerNormalization", name, [total, scale, bias], axis=-1, epsilon=1e-12)

    def layer(self, name, x):
        query = self.heads(name + ".q", self.linear(name + ".query", x, WIDTH, WIDTH), [0, 2, 1, 3])
        key = self.heads(name + ".k", self.linear(name + ".key", x, WIDTH, WIDTH), [0, 2, 3, 1])
        value = self.heads(name + ".v", self.linear(name + ".value", x, WIDTH, WIDTH), [0, 2, 1, 3])
        scores = self.node("MatMul", name + ".scores", [query, key])
        root = self.constant(name + ".root", np.array(HEAD**0.5, np.float32))
        weights = self.node("Softmax", name + ".weights", [self.node("Div", name + ".scaled", [scores, root])], axis=-1)
        context = self.node("Transpose", name + ".context", [self.node("MatMul", name + ".mixed", [weights, value])], perm=[0, 2, 1, 3])
        shape = self.constant(name + ".shape", np.array([0, TOKENS, WIDTH], np.int64))
        joined = self.node("Reshape", name + ".joined", [context, shape])
        x = self.normalised(name + ".norm1", self.linear(name + ".out", joined, WIDTH, WIDTH), x)
        inner = self.node("Gelu", name + ".gelu", [self.linear(name + ".up", x, WIDTH, INNER)])
        return self.normalised(name + ".norm2", self.linear(name + ".down", inner, INNER, WIDTH), x)


model = Encoder().model
onnx.checker.check_model(model)
with open(sys.argv[1], "wb") as file:
    file.write(model.SerializeToString())
