"""Keeps one model loaded in ONNX Runtime or LiteRT, single-threaded, and runs it in bursts on demand.

    burst.py onnxruntime|litert MODEL

Says first `ready LOAD_US FIRST_US PEAK_RSS_KB`; then, for every line of standard input that holds a number, runs the
model that often and says the nanoseconds of CPU time that its thread took. The call itself is all that is repeated:
inputs and outputs are bound beforehand.
"""

import sys
import time

import numpy as np


def noise(shape, dtype):
    """Seeded values of the input's own range; a size that is left open is 1."""
    shape = [size if isinstance(size, int) and size > 0 else 1 for size in shape]
    generator = np.random.default_rng(0)
    if np.issubdtype(dtype, np.integer):
        bounds = np.iinfo(dtype)
        return generator.integers(bounds.min, bounds.max, shape, dtype=dtype, endpoint=True)
    return generator.uniform(-1.0, 1.0, shape).astype(dtype)


def onnxruntime(path):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    start = time.perf_counter_ns()
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    loaded = time.perf_counter_ns() - start
    binding = session.io_binding()
    for value in session.get_inputs():
        binding.bind_ortvalue_input(value.name, onnxruntime.OrtValue.ortvalue_from_numpy(noise(value.shape, np.float32)))
    for value in session.get_outputs():
        output = np.zeros_like(noise(value.shape, np.float32))
        binding.bind_ortvalue_output(value.name, onnxruntime.OrtValue.ortvalue_from_numpy(output))
    return loaded, lambda: session.run_with_iobinding(binding)


def litert(path):
    from ai_edge_litert.interpreter import Interpreter

    start = time.perf_counter_ns()
    interpreter = Interpreter(model_path=path, num_threads=1)
    interpreter.allocate_tensors()
    loaded = time.perf_counter_ns() - start
    for value in interpreter.get_input_details():
        interpreter.set_tensor(value["index"], noise([int(size) for size in value["shape"]], value["dtype"]))
    return loaded, interpreter.invoke


def peak_rss_kb():
    with open("/proc/self/status") as status:
        return next((int(line.split()[1]) for line in status if line.startswith("VmHWM")), 0)


def main():
    engine, path = sys.argv[1:]
    loaded, run = {"onnxruntime": onnxruntime, "litert": litert}[engine](path)
    start = time.perf_counter_ns()
    run()
    first = loaded + time.perf_counter_ns() - start
    print("ready", loaded // 1000, first // 1000, peak_rss_kb(), flush=True)
    for line in sys.stdin:
        times = range(int(line))
        start = time.thread_time_ns()
        for _ in times:
            run()
        print(time.thread_time_ns() - start, flush=True)


main()
