//! What is measured: six models, each in f32 and int8, and what the ratio to the better peer is to be.

/// A model of the data folder.
pub(crate) struct Workload {
    /// Words for the table.
    pub(crate) title: &'static str,
    /// Path in the data folder, without its ending.
    pub(crate) stem: &'static str,
    /// Records in an inference.
    pub(crate) batch: u32,
    /// The most that the ratio may be, f32 and int8.
    pub(crate) targets: [f64; 2],
}

pub(crate) const WORKLOADS: &[Workload] = &[
    Workload { title: "kws DS-CNN", stem: "mlperf-tiny/kws", batch: 1, targets: [0.85, 0.35] },
    Workload { title: "ic ResNet-8", stem: "mlperf-tiny/ic", batch: 1, targets: [0.95, 0.75] },
    Workload { title: "vww MobileNetV1 0.25", stem: "mlperf-tiny/vww", batch: 1, targets: [0.75, 0.45] },
    Workload { title: "ad autoencoder", stem: "mlperf-tiny/ad", batch: 1, targets: [0.90, 0.95] },
    Workload { title: "MLP 32-256-128-2, batch 1", stem: "mlp/mlp1", batch: 1, targets: [0.75, 0.50] },
    Workload { title: "the same, batch 64", stem: "mlp/mlp64", batch: 64, targets: [0.95, 0.85] },
];

/// With AVX2 alone f32 is to be no slower than the better peer.
pub(crate) const TARGET_AVX2: f64 = 1.0;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Precision {
    F32,
    Int8,
}

pub(crate) const PRECISIONS: [Precision; 2] = [Precision::F32, Precision::Int8];

impl Precision {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Int8 => "int8",
        }
    }
}

impl Workload {
    /// The model's name: the last part of its path.
    pub(crate) fn name(&self) -> &'static str {
        self.stem.rsplit('/').next().unwrap_or(self.stem)
    }

    pub(crate) fn target(&self, precision: Precision) -> f64 {
        self.targets[precision as usize]
    }

    pub(crate) fn onnx(&self) -> String {
        format!("{}_f32.onnx", self.stem)
    }

    pub(crate) fn tflite(&self, precision: Precision) -> String {
        let ending = if precision == Precision::F32 { "f32" } else { "i8" };
        format!("{}_{ending}.tflite", self.stem)
    }
}
