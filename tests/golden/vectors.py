"""Writes ops.json and blocks.json: what each op and each ggml block type must answer, by the formulas of the ONNX operator
pages and of ggml's block layouts, written out as loops in double precision. Needs numpy alone; never runs in a test.

    python3 tests/golden/vectors.py
"""

import json
import math
import pathlib
import struct

import numpy as np

HERE = pathlib.Path(__file__).parent
random = np.random.default_rng(20260719)


def sample(*shape):
    """Multiples of 1/8 in -4..4: exact in f32 and short in the file."""
    return random.integers(-32, 33, shape) / 8.0


# Ops ------------------------------------------------------------------------------------------------------------------


def conv(x, w, bias=None, strides=None, dilations=None, pads=None, group=1):
    spatial = x.ndim - 2
    strides, dilations = strides or [1] * spatial, dilations or [1] * spatial
    pads = pads or [0] * (2 * spatial)
    x = np.pad(x, [(0, 0), (0, 0)] + [(pads[d], pads[d + spatial]) for d in range(spatial)])
    out = [(x.shape[2 + d] - (w.shape[2 + d] - 1) * dilations[d] - 1) // strides[d] + 1 for d in range(spatial)]
    y = np.zeros([x.shape[0], w.shape[0], *out])
    per_group = w.shape[0] // group
    for n, m in np.ndindex(y.shape[:2]):
        first = (m // per_group) * w.shape[1]
        for at in np.ndindex(*out):
            for tap in np.ndindex(w.shape[1:]):
                where = tuple(at[d] * strides[d] + tap[1 + d] * dilations[d] for d in range(spatial))
                y[(n, m) + at] += x[(n, first + tap[0]) + where] * w[(m,) + tap]
        y[n, m] += 0.0 if bias is None else bias[m]
    return y


def pool(x, reduce, kernel_shape, strides=(1, 1)):
    out = [(x.shape[2 + d] - kernel_shape[d]) // strides[d] + 1 for d in range(2)]
    y = np.zeros([*x.shape[:2], *out])
    for n, c, i, j in np.ndindex(y.shape):
        top, left = i * strides[0], j * strides[1]
        y[n, c, i, j] = reduce(x[n, c, top : top + kernel_shape[0], left : left + kernel_shape[1]])
    return y


def gemm(a, b, c=None, alpha=1.0, beta=1.0, transB=0):
    return alpha * (a @ (b.T if transB else b)) + (0.0 if c is None else beta * c)


def softmax(x, axis=-1):
    power = np.exp(x - x.max(axis=axis, keepdims=True))
    return power / power.sum(axis=axis, keepdims=True)


def batch_normalization(x, scale, bias, mean, variance, epsilon=1e-5):
    along = [1, -1] + [1] * (x.ndim - 2)
    return (x - mean.reshape(along)) / np.sqrt(variance.reshape(along) + epsilon) * scale.reshape(along) + bias.reshape(along)


def layer_normalization(x, scale, bias=0.0, axis=-1, epsilon=1e-5):
    mean, variance = x.mean(axis=axis, keepdims=True), x.var(axis=axis, keepdims=True)
    return (x - mean) / np.sqrt(variance + epsilon) * scale + bias


def reshape(x, target):
    return x.reshape([x.shape[i] if size == 0 else size for i, size in enumerate(target)])


def flatten(x, axis=1):
    return x.reshape(math.prod(x.shape[: axis if axis >= 0 else x.ndim + axis]), -1)


OPS = {
    "Conv": conv,
    "MaxPool": lambda x, **a: pool(x, np.max, **a),
    "AveragePool": lambda x, **a: pool(x, np.mean, **a),
    "GlobalAveragePool": lambda x: x.mean(axis=(2, 3), keepdims=True),
    "Gemm": gemm,
    "MatMul": lambda a, b: a @ b,
    "Add": lambda a, b: a + b,
    "Sub": lambda a, b: a - b,
    "Mul": lambda a, b: a * b,
    "Div": lambda a, b: a / b,
    "Relu": lambda x: np.maximum(x, 0.0),
    "LeakyRelu": lambda x, alpha=0.01: np.where(x < 0, alpha * x, x),
    "Sigmoid": lambda x: 1.0 / (1.0 + np.exp(-x)),
    "Tanh": np.tanh,
    "Identity": lambda x: x,
    "Clip": lambda x, low=None, high=None: np.minimum(
        np.maximum(x, -np.inf if low is None else low), np.inf if high is None else high
    ),
    "Softmax": softmax,
    "BatchNormalization": batch_normalization,
    "LayerNormalization": layer_normalization,
    "Flatten": flatten,
    "Reshape": reshape,
    "Transpose": lambda x, perm=None: x.transpose(perm),
    "Concat": lambda *parts, axis: np.concatenate(parts, axis=axis),
}


def case(name, op, dynamic, constants=(), **attributes):
    """`dynamic` operands come at run time, `constants` (None: left out) are initializers; whole numbers become I64."""
    y = OPS[op](*dynamic, *constants, **attributes)
    return {
        "name": name,
        "op_type": op,
        "attributes": {key: value for key, value in attributes.items()},
        "inputs": [values(x) for x in dynamic],
        "constants": [None if c is None else values(c) for c in constants],
        "expected": values(np.float32(y)),
    }


def values(x):
    x = np.asarray(x)
    kind = "I64" if x.dtype.kind == "i" else "F32"
    flat = [number(v) for v in x.flatten().tolist()]
    return {"dtype": kind, "shape": list(x.shape), "data": flat}


def number(value):
    """The shortest text that reads back as the same f32."""
    return value if isinstance(value, int) else float(str(np.float32(value)))


def ops():
    whole = lambda *sizes: np.array(sizes, dtype=np.int64)
    positive = lambda *shape: np.abs(sample(*shape)) + 0.125
    return [
        case("conv of odd sizes", "Conv", [sample(1, 3, 5, 7)], [sample(2, 3, 3, 3), sample(2)]),
        case("conv without bias", "Conv", [sample(1, 1, 3, 3)], [sample(1, 1, 2, 2)]),
        case("conv with a kernel that is not square", "Conv", [sample(1, 2, 4, 6)], [sample(3, 2, 1, 5)]),
        case("conv with asymmetric pads", "Conv", [sample(1, 2, 4, 5)], [sample(3, 2, 3, 3)], pads=[2, 0, 1, 3]),
        case("conv with stride", "Conv", [sample(1, 2, 7, 6)], [sample(2, 2, 3, 3)], strides=[2, 2]),
        case("conv with stride, pads and dilation", "Conv", [sample(1, 1, 9, 8)], [sample(2, 1, 3, 2)],
             strides=[3, 3], pads=[1, 2, 0, 1], dilations=[2, 2]),
        case("grouped conv", "Conv", [sample(1, 4, 5, 5)], [sample(6, 2, 3, 3), sample(6)], group=2),
        case("depthwise conv", "Conv", [sample(1, 3, 5, 4)], [sample(3, 1, 3, 3), sample(3)], group=3, pads=[1, 1, 1, 1]),
        case("pointwise conv", "Conv", [sample(1, 5, 2, 3)], [sample(3, 5, 1, 1)]),
        case("conv over one dimension", "Conv", [sample(1, 3, 11)], [sample(2, 3, 4), sample(2)]),
        case("conv over one dimension, all attributes", "Conv", [sample(1, 4, 13)], [sample(6, 2, 3), sample(6)],
             strides=[2], pads=[3, 0], dilations=[2], group=2),
        case("conv of a batch", "Conv", [sample(3, 2, 4, 4)], [sample(2, 2, 3, 3), sample(2)]),
        case("max pool of odd sizes", "MaxPool", [sample(1, 2, 5, 7)], kernel_shape=[2, 3], strides=[2, 2]),
        case("max pool, every window", "MaxPool", [sample(1, 1, 4, 4)], kernel_shape=[2, 2]),
        case("average pool with unequal strides", "AveragePool", [sample(1, 3, 6, 5)], kernel_shape=[3, 2], strides=[1, 3]),
        case("global average pool", "GlobalAveragePool", [sample(2, 3, 3, 5)]),
        case("gemm", "Gemm", [sample(1, 5)], [sample(5, 3), sample(3)]),
        case("gemm transposed, with alpha and beta", "Gemm", [sample(3, 7)], [sample(5, 7), sample(5)],
             alpha=0.5, beta=-2.0, transB=1),
        case("gemm without C", "Gemm", [sample(2, 3)], [sample(4, 3)], transB=1),
        case("gemm with C a scalar", "Gemm", [sample(2, 3)], [sample(3, 4), sample()]),
        case("gemm with C a column", "Gemm", [sample(2, 3)], [sample(3, 4), sample(2, 1)]),
        case("gemm with C whole", "Gemm", [sample(2, 3)], [sample(3, 4), sample(2, 4)], beta=0.25),
        case("matmul", "MatMul", [sample(2, 5)], [sample(5, 3)]),
        case("matmul of stacks", "MatMul", [sample(2, 3, 5), sample(2, 5, 4)]),
        case("matmul of a stack by one matrix", "MatMul", [sample(2, 3, 5)], [sample(5, 4)]),
        case("matmul of four dimensions, broadcast", "MatMul", [sample(2, 1, 3, 2), sample(1, 4, 2, 3)]),
        case("add a row", "Add", [sample(2, 3)], [sample(3)]),
        case("subtract with broadcasting on both sides", "Sub", [sample(3, 1, 2), sample(1, 4, 1)]),
        case("multiply by a scalar", "Mul", [sample(2, 3)], [sample()]),
        case("divide, second operand of higher rank", "Div", [sample(3), positive(2, 1, 3)]),
        case("relu", "Relu", [sample(3, 5)]),
        case("leaky relu", "LeakyRelu", [sample(2, 5)]),
        case("leaky relu with alpha", "LeakyRelu", [sample(2, 5)], alpha=0.25),
        case("sigmoid", "Sigmoid", [sample(2, 7)]),
        case("tanh", "Tanh", [sample(2, 7)]),
        case("identity", "Identity", [sample(1, 3)]),
        case("clip on both sides", "Clip", [sample(2, 5)], [np.float64(-1.5), np.float64(2.0)]),
        case("clip from above", "Clip", [sample(2, 5)], [None, np.float64(0.5)]),
        case("clip from below", "Clip", [sample(2, 5)], [np.float64(0.5)]),
        case("clip with bounds the wrong way round", "Clip", [sample(5)], [np.float64(2.0), np.float64(-1.0)]),
        case("softmax over the last dimension", "Softmax", [sample(2, 5)]),
        case("softmax over a middle dimension", "Softmax", [sample(2, 3, 4)], axis=1),
        case("softmax over a negative dimension", "Softmax", [sample(2, 3, 4)], axis=-3),
        case("softmax of large numbers", "Softmax", [sample(1, 4) * 64.0]),
        case("batch normalization", "BatchNormalization", [sample(2, 3, 2, 2)],
             [sample(3), sample(3), sample(3), positive(3)], epsilon=0.001),
        case("batch normalization without spatial dimensions", "BatchNormalization", [sample(4, 3)],
             [sample(3), sample(3), sample(3), positive(3)]),
        case("layer normalization", "LayerNormalization", [sample(2, 3, 5)], [sample(5), sample(5)]),
        case("layer normalization without bias", "LayerNormalization", [sample(3, 7)], [sample(7)], epsilon=0.1),
        case("flatten", "Flatten", [sample(2, 3, 2)]),
        case("flatten all", "Flatten", [sample(2, 3, 2)], axis=0),
        case("flatten from the end", "Flatten", [sample(2, 3, 2)], axis=-1),
        case("flatten nothing", "Flatten", [sample(2, 3)], axis=2),
        case("reshape that keeps and infers", "Reshape", [sample(2, 3, 4)], [whole(0, -1, 2)]),
        case("reshape to one row", "Reshape", [sample(2, 3)], [whole(-1)]),
        case("transpose", "Transpose", [sample(2, 3, 4)], perm=[2, 0, 1]),
        case("transpose all", "Transpose", [sample(2, 3, 4)]),
        case("concat", "Concat", [sample(2, 3), sample(2, 1)], [sample(2, 2)], axis=1),
        case("concat from the end", "Concat", [sample(2, 3, 1), sample(2, 1, 1)], axis=-2),
    ]


# Blocks ---------------------------------------------------------------------------------------------------------------


def half(low, high):
    """A scale that f16 holds exactly, and its bytes."""
    bytes = struct.pack("<e", random.uniform(low, high))
    return bytes, struct.unpack("<e", bytes)[0]


def octets(count):
    return random.integers(0, 256, count, dtype=np.uint8)


def nibbles(q):
    """ggml's order within 32: all low halves, then all high halves."""
    return np.concatenate([q & 15, q >> 4]).astype(np.float64)


def q4_0():
    (d, scale), q = half(0.01, 0.1), octets(16)
    return d + q.tobytes(), scale * (nibbles(q) - 8)


def q4_1():
    (d, scale), (m, least), q = half(0.01, 0.1), half(-1, 0), octets(16)
    return d + m + q.tobytes(), scale * nibbles(q) + least


def fifth_bits(high):
    return np.array([(int.from_bytes(high.tobytes(), "little") >> i) & 1 for i in range(32)]) * 16.0


def q5_0():
    (d, scale), high, q = half(0.01, 0.1), octets(4), octets(16)
    return d + high.tobytes() + q.tobytes(), scale * (nibbles(q) + fifth_bits(high) - 16)


def q5_1():
    (d, scale), (m, least), high, q = half(0.01, 0.1), half(-1, 0), octets(4), octets(16)
    return d + m + high.tobytes() + q.tobytes(), scale * (nibbles(q) + fifth_bits(high)) + least


def q8_0():
    (d, scale), q = half(0.001, 0.01), random.integers(-127, 128, 32, dtype=np.int8)
    return d + q.tobytes(), scale * q.astype(np.float64)


def q2_k():
    scales, q, (d, scale), (m, least) = octets(16), octets(64), half(0.01, 0.1), half(0.01, 0.1)
    y = []
    for j in range(16):
        chunk, shift, part = j // 8, 2 * (j % 8 // 2), j % 2
        two = (q[32 * chunk + 16 * part : 32 * chunk + 16 * part + 16] >> shift) & 3
        y.append(scale * int(scales[j] & 15) * two - least * int(scales[j] >> 4))
    return scales.tobytes() + q.tobytes() + d + m, np.concatenate(y)


def q3_k():
    high, q, packed, (d, scale) = octets(32), octets(64), octets(12), half(0.001, 0.01)
    scales = []
    for j in range(16):
        low = (packed[j % 8] >> (4 * (j // 8))) & 15
        top = (packed[8 + j % 4] >> (2 * (j // 4))) & 3
        scales.append(int(low) + 16 * int(top) - 32)
    y = []
    for j in range(16):
        chunk, shift, part = j // 8, 2 * (j % 8 // 2), 16 * (j % 2)
        two = ((q[32 * chunk + part : 32 * chunk + part + 16] >> shift) & 3).astype(int)
        third = (high[part : part + 16] >> (j // 2)) & 1
        y.append(scale * scales[j] * (two - 4 * (1 - third.astype(int))))
    return high.tobytes() + q.tobytes() + packed.tobytes() + d, np.concatenate(y)


def six_bit_scales(packed):
    """Eight scales and eight minima of 6 bits in 12 bytes, as Q4_K and Q5_K hold them."""
    p = [int(b) for b in packed]
    scales = [p[j] & 63 if j < 4 else (p[j + 4] & 15) | (p[j - 4] >> 6 << 4) for j in range(8)]
    minima = [p[j + 4] & 63 if j < 4 else (p[j + 4] >> 4) | (p[j] >> 6 << 4) for j in range(8)]
    return scales, minima


def four_or_five(high):
    (d, scale), (m, least), packed, q = half(0.001, 0.01), half(0.001, 0.01), octets(12), octets(128)
    scales, minima = six_bit_scales(packed)
    y = []
    for j in range(8):
        four = (q[32 * (j // 2) : 32 * (j // 2) + 32] >> (4 * (j % 2))) & 15
        fifth = 0 if high is None else ((high >> j) & 1).astype(int) * 16
        y.append(scale * scales[j] * (four.astype(int) + fifth) - least * minima[j])
    middle = b"" if high is None else high.tobytes()
    return d + m + packed.tobytes() + middle + q.tobytes(), np.concatenate(y)


def q4_k():
    return four_or_five(None)


def q5_k():
    return four_or_five(octets(32))


def q6_k():
    low, high, scales, (d, scale) = octets(128), octets(64), random.integers(-64, 64, 16, dtype=np.int8), half(0.0005, 0.002)
    y = []
    for j in range(8):
        chunk, quarter = j // 4, j % 4
        four = (low[64 * chunk + 32 * (quarter % 2) : 64 * chunk + 32 * (quarter % 2) + 32] >> (4 * (quarter // 2))) & 15
        two = (high[32 * chunk : 32 * chunk + 32] >> (2 * quarter)) & 3
        six = four.astype(int) + 16 * two.astype(int) - 32
        y.append(scale * np.repeat(scales[2 * j : 2 * j + 2], 16) * six)
    return low.tobytes() + high.tobytes() + scales.tobytes() + d, np.concatenate(y)


BLOCKS = {f.__name__: f for f in (q4_0, q4_1, q5_0, q5_1, q8_0, q2_k, q3_k, q4_k, q5_k, q6_k)}


def block_case(kind, rows, n, blocks):
    made = [[BLOCKS[kind]() for _ in range(blocks)] for _ in range(n)]
    w = np.array([np.concatenate([y for _, y in row]) for row in made])
    x, bias = sample(rows, w.shape[1]), sample(n)
    # Kernels hold activations in 8 bits a block: at most half a step, 1/254 of the largest, is lost of each, and a
    # scale rounded to f16 costs 1/2048 more.
    lost = np.abs(x).max() * (1 / 254 + 1 / 2048)
    return {
        "name": f"{kind}, {rows} x {w.shape[1]} by {n}",
        "blocks": kind,
        "bytes": "".join(b.hex() for row in made for b, _ in row),
        "shape": list(w.shape),
        "input": values(x),
        "bias": values(bias),
        "expected": values(np.float32(x @ w.T + bias)),
        "bound": number(float(np.abs(w).sum(axis=1).max() * lost)),
    }


def blocks():
    cases = [block_case(kind, rows, n, count) for kind in BLOCKS for rows, n, count in ((1, 1, 1), (2, 3, 3))]
    # candle repacks eight and more rows of these on some CPUs.
    return cases + [block_case("q8_0", 1, 16, 8), block_case("q4_0", 3, 16, 8), block_case("q4_k", 3, 16, 1)]


def write(name, origin, cases):
    lines = ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases)
    (HERE / name).write_text(f'{{"origin":{json.dumps(origin)},"cases":[\n{lines}\n]}}\n')


write("ops.json", "tests/golden/vectors.py: the formulas of the ONNX operator pages as loops, in double precision", ops())
write("blocks.json", "tests/golden/vectors.py: ggml's block layouts, dequantised and multiplied in double precision", blocks())
