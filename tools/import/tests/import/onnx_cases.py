"""Makes small ONNX models of every op that can be imported, in old and new forms, and runs each on ONNX Runtime: a
folder with model.onnx, inputs.safetensors and outputs.safetensors for each. Needs onnx, onnxruntime and numpy.

    python onnx_cases.py FOLDER
"""

import json
import pathlib
import struct
import sys

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

ROWS = 3
FOLDER = pathlib.Path(sys.argv[1])
random = np.random.default_rng(7)
node = helper.make_node


def some(*shape):
    return random.standard_normal(shape).astype(np.float32)


def write_tensors(path, tensors):
    header, data = {}, b""
    for name, tensor in tensors.items():
        content = np.ascontiguousarray(tensor, np.float32).tobytes()
        header[name] = {
            "dtype": "F32",
            "shape": list(tensor.shape),
            "data_offsets": [len(data), len(data) + len(content)],
        }
        data += content
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def case(
    name, nodes, shape, constants=(), opset=17, dtype=TensorProto.FLOAT, values=None, outputs=("y",), exported="N"
):
    """A case whose input x has rows of a shape; `exported` is the batch that the file names."""
    folder = FOLDER / name
    folder.mkdir()
    x = helper.make_tensor_value_info("x", dtype, [exported, *shape])
    ys = [helper.make_value_info(output, helper.make_tensor_type_proto(TensorProto.FLOAT, None)) for output in outputs]
    initializers = [numpy_helper.from_array(np.asarray(value), key) for key, value in dict(constants).items()]
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", 3)]
    graph = helper.make_graph(nodes, "graph", [x], ys, initializers)
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()
    (folder / "model.onnx").write_bytes(model)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    rows = some(ROWS, *shape) if values is None else values
    feed = rows.astype(helper.tensor_dtype_to_np_dtype(dtype))
    # A file for a batch of one is run row by row.
    batches = [feed] if exported == "N" else np.split(feed, ROWS)
    answers = [session.run(list(outputs), {"x": batch}) for batch in batches]
    write_tensors(folder / "inputs.safetensors", {"x": feed})
    joined = [np.concatenate(parts).astype(np.float32) for parts in zip(*answers)]
    write_tensors(folder / "outputs.safetensors", dict(zip(outputs, joined)))


for op in [
    "Abs",
    "Elu",
    "Erf",
    "Exp",
    "HardSigmoid",
    "HardSwish",
    "LeakyRelu",
    "Neg",
    "Relu",
    "Sigmoid",
    "Softplus",
    "Tanh",
]:
    case(op, [node(op, ["x"], ["y"])], [3, 4])
for op in ["Log", "Reciprocal", "Sqrt"]:
    case(op, [node(op, ["x"], ["y"])], [3, 4], values=np.abs(some(ROWS, 3, 4)) + 0.1)
for approximate in ["none", "tanh"]:
    case(f"Gelu_{approximate}", [node("Gelu", ["x"], ["y"], approximate=approximate)], [3, 4], opset=20)
for op in ["Add", "Sub", "Mul", "Div"]:
    case(op, [node(op, ["x", "k"], ["y"])], [3, 4], {"k": some(3, 1) + 3})
case("Pow", [node("Abs", ["x"], ["a"]), node("Pow", ["a", "k"], ["y"])], [3, 4], {"k": np.float32(1.5)})
for op in ["Min", "Max", "Sum"]:
    case(f"{op}_3", [node(op, ["x", "a", "b"], ["y"])], [4], {"a": some(4), "b": some(1, 4)}, exported=1)
case("PRelu", [node("PRelu", ["x", "s"], ["y"])], [3, 4], {"s": some(3, 1)})
case("Clip_old", [node("Clip", ["x"], ["y"], min=-0.5, max=0.25)], [4], opset=9)
case("Clip_low", [node("Clip", ["x", "m"], ["y"])], [4], {"m": np.float32(-0.5)})
case("Clip_high", [node("Clip", ["x", "", "m"], ["y"])], [4], {"m": np.float32(0.5)})
case(
    "Where",
    [node("Greater", ["x", "z"], ["g"]), node("Not", ["g"], ["n"]), node("Where", ["n", "x", "k"], ["y"])],
    [4],
    {"z": np.float32(0), "k": some(4)},
)
case(
    "Logic",
    [
        node("Less", ["x", "z"], ["a"]),
        node("Equal", ["x", "x"], ["b"]),
        node("And", ["a", "b"], ["c"]),
        node("Or", ["c", "a"], ["d"]),
        node("Cast", ["d"], ["y"], to=1),
    ],
    [4],
    {"z": np.float32(0)},
)

for opset in [7, 13]:
    for axis in [1, 2, -1]:
        for op in ["Softmax", "LogSoftmax"]:
            case(f"{op}_{opset}_{axis}", [node(op, ["x"], ["y"], axis=axis)], [3, 4], opset=opset, exported=1)
reductions = ["L1", "L2", "LogSumExp", "Max", "Mean", "Min", "Prod", "Sum", "SumSquare"]
for op in [f"Reduce{name}" for name in reductions]:
    case(f"{op}_old", [node(op, ["x"], ["y"], axes=[-1, 1], keepdims=0)], [3, 4, 2], opset=11)
    case(f"{op}_new", [node(op, ["x", "a"], ["y"])], [3, 4], {"a": [2]}, opset=18)
case("ReduceLogSum", [node("Abs", ["x"], ["a"]), node("ReduceLogSum", ["a"], ["y"], axes=[1])], [3, 4], opset=11)
case(
    "ReduceMax_truths",
    [
        node("Greater", ["x", "k"], ["g"]),
        node("ReduceMax", ["g", "a"], ["any"]),
        node("ReduceMin", ["g", "a"], ["all"]),
        node("Cast", ["any"], ["y"], to=1),
        node("Cast", ["all"], ["z"], to=1),
    ],
    [3, 4],
    {"k": np.float32(0.5), "a": [2]},
    opset=20,
    outputs=("y", "z"),
)
case("ArgMax", [node("ArgMax", ["x"], ["i"], axis=-1), node("Cast", ["i"], ["y"], to=1)], [3, 4])

for auto in ["SAME_UPPER", "SAME_LOWER", "VALID"]:
    case(
        f"Conv_{auto}",
        [node("Conv", ["x", "w"], ["y"], auto_pad=auto, strides=[2, 2])],
        [2, 7, 8],
        {"w": some(3, 2, 3, 4)},
    )
    window = dict(auto_pad=auto, strides=[2, 2], kernel_shape=[3, 2])
    case(f"MaxPool_{auto}", [node("MaxPool", ["x"], ["y"], **window)], [2, 7, 8])
    case(f"AveragePool_{auto}", [node("AveragePool", ["x"], ["y"], **window)], [2, 7, 8])
case(
    "Conv_1d",
    [node("Conv", ["x", "w", "b"], ["y"], pads=[2, 1], group=2, dilations=[2])],
    [4, 9],
    {"w": some(6, 2, 3), "b": some(6)},
)
case(
    "Conv_depthwise", [node("Conv", ["x", "w"], ["y"], pads=[0, 1, 1, 0], group=4)], [4, 6, 5], {"w": some(4, 1, 3, 3)}
)
case("MaxPool_ceil", [node("MaxPool", ["x"], ["y"], strides=[2, 2], kernel_shape=[3, 3], ceil_mode=1)], [2, 8, 6])
case(
    "AveragePool_padded",
    [node("AveragePool", ["x"], ["y"], kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=1)],
    [2, 5, 5],
)
case("MaxPool_3d", [node("MaxPool", ["x"], ["y"], kernel_shape=[2, 2, 2], strides=[1, 2, 1])], [2, 3, 4, 5])
case("AveragePool_3d", [node("AveragePool", ["x"], ["y"], kernel_shape=[2, 3, 2])], [2, 3, 4, 5])
case("GlobalAveragePool", [node("GlobalAveragePool", ["x"], ["y"])], [3, 4, 5])
case("GlobalMaxPool", [node("GlobalMaxPool", ["x"], ["y"])], [3, 4, 5])
statistics = {"s": some(3), "b": some(3), "m": some(3), "v": np.abs(some(3)) + 0.5}
normalize = node("BatchNormalization", ["c", "s", "b", "m", "v"], ["n"])
case(
    "Conv_BatchNormalization",
    [node("Conv", ["x", "w"], ["c"]), normalize, node("Relu", ["n"], ["y"])],
    [2, 5, 5],
    statistics | {"w": some(3, 2, 3, 3)},
    opset=9,
)
case("BatchNormalization", [node("Relu", ["x"], ["c"]), normalize, node("Neg", ["n"], ["y"])], [3, 4], statistics)
case(
    "LayerNormalization",
    [node("LayerNormalization", ["x", "s", "b"], ["y"], axis=-1)],
    [3, 8],
    {"s": some(8), "b": some(8)},
)

with_statistics = [node("LayerNormalization", ["x", "s"], ["n", "", "d"]), node("Add", ["n", "d"], ["y"])]
case("LayerNormalization_statistics", with_statistics, [3, 8], {"s": some(8)})

case("Gemm", [node("Gemm", ["x", "w", "b"], ["y"], alpha=0.5, beta=2.0)], [6], {"w": some(6, 4), "b": some(4)})
case("MatMul", [node("MatMul", ["x", "w"], ["y"])], [3, 6], {"w": some(6, 4)})
case("MatMul_vector", [node("MatMul", ["x", "w"], ["y"])], [3, 6], {"w": some(6)})

case(
    "Squeeze_old",
    [
        node("Unsqueeze", ["x"], ["a"], axes=[1, -1]),
        node("Squeeze", ["a"], ["b"], axes=[-1]),
        node("Neg", ["b"], ["y"]),
    ],
    [3, 4],
    opset=11,
)
case(
    "Squeeze_new",
    [node("Unsqueeze", ["x", "a"], ["u"]), node("Squeeze", ["u", "s"], ["b"]), node("Neg", ["b"], ["y"])],
    [3, 4],
    {"a": [1, -1], "s": [1]},
)
case(
    "Split",
    [node("Split", ["x"], ["a", "b"], axis=1, split=[1, 2]), node("Relu", ["a"], ["y"]), node("Neg", ["b"], ["z"])],
    [3, 4],
    opset=11,
    outputs=("y", "z"),
)
case("Slice_old", [node("Slice", ["x"], ["y"], starts=[1, -3], ends=[3, -1], axes=[1, 2])], [3, 4], opset=9)
case(
    "Slice_back",
    [node("Slice", ["x", "s", "e", "a", "t"], ["y"])],
    [3, 4],
    {"s": [-1], "e": [-100], "a": [2], "t": [-2]},
)
case("Pad_old", [node("Pad", ["x"], ["y"], pads=[0, 0, 1, 2, 0, 0, 3, 0], value=1.5)], [2, 3, 3], opset=10)
case(
    "Pad_axes",
    [node("Pad", ["x", "p", "", "a"], ["y"], mode="reflect")],
    [2, 3, 3],
    {"p": [1, 2, 1, 0], "a": [3, 2]},
    opset=18,
)
case(
    "Pad_cut",
    [node("Pad", ["x", "p", "v"], ["y"], mode="constant")],
    [2, 4, 4],
    {"p": [0, 0, -1, 1, 0, 0, 2, -1], "v": np.float32(2)},
)
case("Transpose", [node("Transpose", ["x"], ["y"], perm=[0, 2, 3, 1])], [2, 3, 4])
case("Concat", [node("Relu", ["x"], ["r"]), node("Concat", ["x", "r"], ["y"], axis=-1)], [3, 4])
case("Expand", [node("Expand", ["x", "s"], ["y"])], [1, 4], {"s": [1, 3, 4]}, exported=1)
case(
    "Gather_rows",
    [node("Gather", ["t", "x"], ["y"])],
    [6],
    {"t": some(9, 4)},
    dtype=TensorProto.INT64,
    values=random.integers(0, 9, (ROWS, 6)),
)
case("Gather_columns", [node("Gather", ["x", "i"], ["y"], axis=2)], [3, 4], {"i": [3, 0, -2]})
case("Flatten", [node("Flatten", ["x"], ["y"])], [3, 4])
case(
    "Reshape_written",
    [node("Reshape", ["x", "s"], ["r"]), node("MatMul", ["r", "w"], ["y"])],
    [3, 4],
    {"s": [1, 12], "w": some(12, 2)},
    exported=1,
)
case(
    "Reshape_computed",
    [
        node("Shape", ["x"], ["s"]),
        node("Slice", ["s", "zero", "one"], ["n"]),
        node("Concat", ["n", "rest"], ["t"], axis=0),
        node("Reshape", ["x", "t"], ["y"]),
    ],
    [3, 4],
    {"zero": [0], "one": [1], "rest": [-1]},
)
case(
    "Doubles",
    [node("Cast", ["x"], ["a"], to=1), node("Mul", ["a", "k"], ["y"])],
    [4],
    {"k": some(4)},
    dtype=TensorProto.DOUBLE,
)

quantized = {
    "s": np.float32(0.05),
    "z": np.uint8(120),
    "w": random.integers(-127, 127, (3, 2, 3, 3)).astype(np.int8),
    "ws": np.abs(some(3)) * 0.01 + 0.001,
    "wz": np.zeros(3, np.int8),
    "ys": np.float32(0.1),
    "yz": np.uint8(128),
}
quantize = [
    node("QuantizeLinear", ["x", "s", "z"], ["q"]),
    node("DequantizeLinear", ["q", "s", "z"], ["d"]),
    node("DequantizeLinear", ["w", "ws", "wz"], ["f"], axis=0),
    node("Conv", ["d", "f"], ["c"]),
    node("QuantizeLinear", ["c", "ys", "yz"], ["p"]),
    node("DequantizeLinear", ["p", "ys", "yz"], ["y"]),
]
# Rounded to whole numbers of 0.1.
case("Quantized", quantize, [2, 4, 4], quantized, opset=13)

blocks = {
    "w": random.integers(-127, 127, (6, 2, 4)).astype(np.int8),
    "s": np.abs(some(6, 2, 2)) * 0.01 + 0.001,
    "z": random.integers(-9, 9, (6, 2, 2)).astype(np.int8),
    "flat": [6, 8],
}
dequantize = node("DequantizeLinear", ["w", "s", "z"], ["d"], axis=-1, block_size=2)
product = [dequantize, node("Reshape", ["d", "flat"], ["f"]), node("MatMul", ["x", "f"], ["y"])]
case("Dequantized_blocks", product, [6], blocks, opset=21)


def learned(op, inputs, outputs, **attributes):
    return node(op, inputs, outputs, domain="ai.onnx.ml", **attributes)


scores = dict(coefficients=some(3 * 4).ravel().tolist(), intercepts=some(3).tolist(), classlabels_ints=[0, 1, 2])
for post in ["NONE", "SOFTMAX", "LOGISTIC"]:
    case(
        f"LinearClassifier_{post}",
        [learned("LinearClassifier", ["x"], ["label", "y"], post_transform=post, **scores)],
        [4],
    )
    single = dict(coefficients=some(4).tolist(), intercepts=[0.25], classlabels_strings=["no", "yes"])
    case(
        f"LinearClassifier_{post}_single",
        [learned("LinearClassifier", ["x"], ["label", "y"], post_transform=post, **single)],
        [4],
    )
case(
    "LinearRegressor",
    [learned("LinearRegressor", ["x"], ["y"], coefficients=some(8).tolist(), intercepts=[1.0, -1.0], targets=2)],
    [4],
)
case("Scaler", [learned("Scaler", ["x"], ["y"], offset=some(4).tolist(), scale=some(4).tolist())], [4])
for norm in ["MAX", "L1", "L2"]:
    rows = np.abs(some(ROWS, 4)) if norm == "MAX" else some(ROWS, 4)
    rows[1] = 0
    case(f"Normalizer_{norm}", [learned("Normalizer", ["x"], ["y"], norm=norm)], [4], values=rows)


def forest(kind, trees, targets, weights_of):
    """Full trees of depth 2 over 4 features; each leaf has the weights that a function gives it."""
    lists = {
        key: []
        for key in [
            "treeids",
            "nodeids",
            "featureids",
            "modes",
            "values",
            "truenodeids",
            "falsenodeids",
            "missing_value_tracks_true",
        ]
    }
    leaves = {key: [] for key in ["treeids", "nodeids", "ids", "weights"]}
    modes = ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_NEQ"]
    for tree in range(trees):
        for number in range(7):
            leaf = number > 2
            row = dict(
                treeids=tree,
                nodeids=number,
                featureids=int(random.integers(4)),
                modes="LEAF" if leaf else modes[tree % 5],
                values=0.0 if leaf else float(np.float32(random.standard_normal())),
                missing_value_tracks_true=tree % 2,
                truenodeids=0 if leaf else 2 * number + 1,
                falsenodeids=0 if leaf else 2 * number + 2,
            )
            for key, value in row.items():
                lists[key].append(value)
            for target, weight in weights_of(tree, number) if leaf else []:
                for key, value in dict(
                    treeids=tree, nodeids=number, ids=target, weights=float(np.float32(weight))
                ).items():
                    leaves[key].append(value)
    nodes = {f"nodes_{key}": value for key, value in lists.items()}
    return nodes | {f"{kind}_{key}": value for key, value in leaves.items()}


dense = lambda targets: lambda tree, number: [(target, random.standard_normal()) for target in range(targets)]
one_hot = lambda tree, number: [((tree + number) % 3, 0.5)]
positive = lambda tree, number: [(0, abs(random.standard_normal()) / 5)]
second = lambda tree, number: [(1, random.standard_normal())]
signed = lambda tree, number: [(0, random.standard_normal())]
missing = some(ROWS, 4)
missing[0, 1] = missing[2, 3] = np.nan
for name, aggregate in [("SUM", "SUM"), ("AVERAGE", "AVERAGE"), ("MIN", "MIN"), ("MAX", "MAX")]:
    trees = forest("target", 5, 1, dense(1))
    case(
        f"TreeEnsembleRegressor_{name}",
        [
            learned(
                "TreeEnsembleRegressor",
                ["x"],
                ["y"],
                n_targets=1,
                aggregate_function=aggregate,
                base_values=[0.5],
                **trees,
            )
        ],
        [4],
        values=missing,
    )
trees = forest("target", 4, 2, dense(2))
case(
    "TreeEnsembleRegressor_2",
    [learned("TreeEnsembleRegressor", ["x"], ["y"], n_targets=2, aggregate_function="AVERAGE", **trees)],
    [4],
)
for name, weights in [("dense", dense(3)), ("one_hot", one_hot)]:
    for post in ["NONE", "SOFTMAX", "LOGISTIC"]:
        trees = forest("class", 6, 3, weights)
        case(
            f"TreeEnsembleClassifier_{name}_{post}",
            [
                learned(
                    "TreeEnsembleClassifier",
                    ["x"],
                    ["label", "y"],
                    classlabels_int64s=[0, 1, 2],
                    post_transform=post,
                    **trees,
                )
            ],
            [4],
        )
for name, weights in [("positive", positive), ("signed", signed)]:
    for post in ["NONE", "LOGISTIC"]:
        for bases in [{}, {"base_values": [0.125]}]:
            trees = forest("class", 6, 2, weights)
            case(
                f"TreeEnsembleClassifier_{name}_{post}_{len(bases)}",
                [
                    learned(
                        "TreeEnsembleClassifier",
                        ["x"],
                        ["label", "y"],
                        classlabels_strings=["no", "yes"],
                        post_transform=post,
                        **bases,
                        **trees,
                    )
                ],
                [4],
            )
trees = forest("class", 6, 2, second)
case(
    "TreeEnsembleClassifier_second",
    [learned("TreeEnsembleClassifier", ["x"], ["label", "y"], classlabels_int64s=[0, 1], **trees)],
    [4],
)
