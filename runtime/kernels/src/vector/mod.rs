//! What stands between the products: functions of elements, rows, windows and trees, and moving data about.
//!
//! Each algorithm is written once, as plain loops that compilers turn into vector code, and compiled for every
//! instruction set by `vectorised!`. Doors take the kernels and slices, and panic where lengths disagree: that is a
//! fault of a plan, never of an input.

/// Defines a function that takes an instruction set before its own arguments, and whose body is compiled for each. In
/// the body `FMA` tells whether multiplications and additions are fused. All that the body calls must be inlined into it,
/// else it is compiled for the baseline alone.
macro_rules! vectorised {
    ($(#[$doc:meta])* fn $name:ident$(<$generic:ident: $bound:path>)?($($arg:ident: $type:ty),* $(,)?) $body:block) => {
        $(#[$doc])*
        fn $name$(<$generic: $bound>)?(isa: $crate::isa::Isa, $($arg: $type),*) {
            #[inline(always)]
            fn body<$($generic: $bound,)? const FMA: bool>($($arg: $type),*) $body
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma,f16c")]
            fn avx2$(<$generic: $bound>)?($($arg: $type),*) {
                body::<$($generic,)? true>($($arg),*);
            }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
            fn avx512$(<$generic: $bound>)?($($arg: $type),*) {
                body::<$($generic,)? true>($($arg),*);
            }
            match isa {
                #[cfg(target_arch = "x86_64")]
                // SAFETY: there are no kernels of an instruction set that this CPU does not have.
                $crate::isa::Isa::Avx2 => unsafe { avx2($($arg),*) },
                #[cfg(target_arch = "x86_64")]
                // SAFETY: as above.
                $crate::isa::Isa::Avx512Vnni => unsafe { avx512($($arg),*) },
                #[cfg(target_arch = "aarch64")]
                $crate::isa::Isa::Neon | $crate::isa::Isa::Dotprod | $crate::isa::Isa::I8mm => {
                    body::<$($generic,)? true>($($arg),*);
                }
                _ => body::<$($generic,)? false>($($arg),*),
            }
        }
    };
}

mod binary;
mod border;
mod copy;
mod lanes;
mod math;
mod pool;
mod quantize;
mod reduce;
mod rounding;
mod rows;
mod trees;
mod unary;
mod window;

pub use binary::{Binary, binary, binary_scalar, scalar_binary};
pub use border::{Border, fill_border, pad_image};
pub use copy::copy_strided;
pub use pool::{AverageQ8, average_pool_f32, average_pool_q8, max_pool_f32, max_pool_q8};
pub use quantize::{Quantized, add_q8, dequantize, quantize, quantize_rows, requantize_q8};
pub use reduce::{Reduce, reduce};
pub use rows::{layer_norm, log_softmax, softmax};
pub use trees::{TreeEnsemble, TreeError, Trees};
pub use unary::{Unary, unary, unary_in_place};
pub use window::Pool;
