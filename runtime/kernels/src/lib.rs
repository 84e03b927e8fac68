//! The arithmetic of the engine: matrix products, convolutions and what stands between them, in every instruction set.
//!
//! [`Kernels::of`] gives the kernels of one instruction set, [`Isa::best`] names the best of this CPU. Each kernel has a
//! safe door that checks every index once, for the whole call; behind it the loops run on pointers. Images lie channels
//! last. A convolution is a matrix product whose rows are read through a window, so it and `Gemm` are one kernel:
//!
//! ```
//! use dunlin_kernels::{Clamp, GemmF32, Grid, Isa, Kernels, PackedF32, Place, Taps};
//!
//! let kernels = Kernels::of(Isa::best()).unwrap();
//! // y (2, 3) = x (2, 4) * w (4, 3) + bias
//! let (x, w) = ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0], [1.0_f32; 12]);
//! let packed = PackedF32::new(kernels, &w, 4, 3, (3, 1), Some(&[0.5; 3])).unwrap();
//! let mut y = [0.0; 6];
//! let gemm = GemmF32 {
//!     grid: Grid { lines: 1, pixels: 2 },
//!     from: Place { start: 0, line: 0, pixel: 4 },
//!     taps: Taps::row(4),
//!     to: Place { start: 0, line: 0, pixel: 3 },
//!     clamp: Clamp::NONE,
//! };
//! gemm.run(kernels, &x, &packed, None, &mut y);
//! assert_eq!(y, [10.5, 10.5, 10.5, 26.5, 26.5, 26.5]);
//! ```

mod aligned;
mod blocks;
mod depthwise;
mod dispatch;
mod gemm;
mod geometry;
mod isa;
pub mod q8;
mod scalar;
pub mod vector;

#[cfg(target_arch = "aarch64")]
mod aarch64;
#[cfg(target_arch = "x86_64")]
mod x86_64;

pub use aligned::{Aligned, Plain};
pub use blocks::{BlockMatrix, BlockType, BlocksGemm};
pub use depthwise::{DepthwiseF32, PackedDepthwiseF32};
pub use dispatch::Kernels;
pub use gemm::{GemmF32, Matrix, PackedF32};
pub use geometry::{Clamp, Grid, Place, Taps};
pub use isa::{Isa, IsaError};
