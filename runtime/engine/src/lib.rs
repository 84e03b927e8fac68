//! Runs a model's graph.
//!
//! [`Engine`] compiles a graph and its weights into a [`Model`] that threads share; each caller takes a [`Run`] of its
//! own. [`ReferenceEngine`] runs the graph op by op on candle tensors and is the oracle that other engines are measured
//! against; [`ModuleModel`] puts any `candle_nn::Module` behind the same types.

#![forbid(unsafe_code)]

mod declared;
mod error;
mod fold_batch_norm;
mod fuse;
mod ir;
mod kernels;
mod model;
#[cfg(feature = "candle")]
mod module;
mod plan;
#[cfg(feature = "candle")]
mod reference;
mod shape;

pub use dunlin_kernels::{Isa, IsaError};
pub use error::EngineError;
pub use fold_batch_norm::fold_batch_norm;
pub use kernels::{KernelFamily, KernelSet};
pub use model::{Engine, Model, PlanReport, RawOutput, Run};
#[cfg(feature = "candle")]
pub use module::ModuleModel;
pub use plan::{PlanEngine, StepReport};
#[cfg(feature = "candle")]
pub use reference::{ReferenceEngine, ggml_dtype};
