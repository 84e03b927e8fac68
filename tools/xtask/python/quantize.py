"""Makes ONNX Runtime's static int8 form of a model: QDQ nodes, weights per channel, calibrated on seeded noise.

    quantize.py MODEL.onnx OUT.onnx u8s8|s8s8       (the type of activations, then of weights)
"""

import logging
import os
import sys
import tempfile

import numpy as np
import onnxruntime
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

CALIBRATION_RUNS = 32


class Noise(CalibrationDataReader):
    """Values between -1 and 1 for every input."""

    def __init__(self, path):
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        generator = np.random.default_rng(0)

        def draw(shape):
            return generator.uniform(-1.0, 1.0, [size if isinstance(size, int) else 1 for size in shape])

        inputs = session.get_inputs()
        runs = ({i.name: draw(i.shape).astype(np.float32) for i in inputs} for _ in range(CALIBRATION_RUNS))
        self.runs = iter(list(runs))

    def get_next(self):
        return next(self.runs, None)


def main():
    source, target, types = sys.argv[1:]
    logging.getLogger().setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        prepared = os.path.join(folder, "prepared.onnx")
        quant_pre_process(source, prepared, skip_symbolic_shape=True)
        activations = {"u8s8": QuantType.QUInt8, "s8s8": QuantType.QInt8}[types]
        quantize_static(
            prepared,
            target,
            Noise(prepared),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=activations,
            weight_type=QuantType.QInt8,
        )


main()
