//! Elementary functions on one f32, without a branch, so that a loop over them becomes vector code.
//!
//! Each reduces its argument exactly or to f32's precision and evaluates a polynomial that was fitted to the least
//! largest relative error; the sum of all errors stays below 3e-7 of the result (tests/vector compares with f64). NaN
//! passes through every function. `FMA` says whether fused multiplication is one instruction.

/// `1.5 * 2^23`: a float of this size has steps of 1, so adding it rounds to a whole number, ties to even, which then
/// stands in the low bits.
const ROUNDER: f32 = 12_582_912.0;
/// `ln 2` in two parts: the first has so few bits that its product with an exponent is exact.
const LN_2_HIGH: f32 = 0.693_359_4;
const LN_2_LOW: f32 = -2.121_944_4e-4;

/// `a * b + c`.
#[inline(always)]
pub(super) fn fma<const FMA: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FMA { a.mul_add(b, c) } else { a * b + c }
}

/// A polynomial by Horner's rule, coefficients from the constant upward.
#[inline(always)]
fn polynomial<const FMA: bool, const N: usize>(x: f32, coefficients: [f32; N]) -> f32 {
    let mut sum = coefficients[N - 1];
    let mut i = N - 1;
    while i > 0 {
        i = i.wrapping_sub(1);
        sum = fma::<FMA>(sum, x, coefficients[i]);
    }
    sum
}

/// `x`, at least `min`; NaN passes.
#[inline(always)]
pub(super) fn at_least(x: f32, min: f32) -> f32 {
    if x < min { min } else { x }
}

/// `x`, at most `max`; NaN passes.
#[inline(always)]
pub(super) fn at_most(x: f32, max: f32) -> f32 {
    if x > max { max } else { x }
}

/// `2^n` for `n` from -126 to 127.
#[inline(always)]
fn power_of_two(n: i32) -> f32 {
    f32::from_bits((n.wrapping_add(127) as u32) << 23)
}

/// `x` as `n * ln 2 + r` with `r` within half of `ln 2`: gives n, both as a number and an integer, and `e^r - 1`.
#[inline(always)]
fn reduced<const FMA: bool>(x: f32) -> (i32, f32) {
    let shifted = fma::<FMA>(x, std::f32::consts::LOG2_E, ROUNDER);
    let n = shifted - ROUNDER;
    let r = fma::<FMA>(n, -LN_2_LOW, fma::<FMA>(n, -LN_2_HIGH, x));
    let q = polynomial::<FMA, 5>(r, [0.5, 0.166_665_45, 0.041_666_403, 0.008_366_396, 0.001_394_065_1]);
    let n = shifted.to_bits().wrapping_sub(ROUNDER.to_bits()).cast_signed();
    (n, fma::<FMA>(r * r, q, r))
}

/// `e^x`; small results lose digits gradually, as subnormal numbers do.
#[inline(always)]
pub(super) fn exp<const FMA: bool>(x: f32) -> f32 {
    // Past these bounds the result is infinity or zero anyway.
    let (n, rest) = reduced::<FMA>(at_most(at_least(x, -105.0), 90.0));
    // Two factors, since 2^n alone may be out of range.
    let half = n >> 1;
    (1.0 + rest) * power_of_two(half) * power_of_two(n.wrapping_sub(half))
}

/// `e^x` for `x` at most 0, zero where it would be subnormal.
#[inline(always)]
pub(super) fn exp_of_negative<const FMA: bool>(x: f32) -> f32 {
    let (n, rest) = reduced::<FMA>(at_least(x, -87.0));
    let y = (1.0 + rest) * power_of_two(n);
    if x < -87.0 { 0.0 } else { y }
}

/// `e^x - 1` for `x` at most 0, precise near 0 too.
#[inline(always)]
pub(super) fn exp_minus_one<const FMA: bool>(x: f32) -> f32 {
    let (n, rest) = reduced::<FMA>(at_least(x, -80.0));
    let scale = power_of_two(n);
    fma::<FMA>(scale, rest, scale - 1.0)
}

/// The natural logarithm: NaN below 0, negative infinity at 0.
#[inline(always)]
pub(super) fn log<const FMA: bool>(x: f32) -> f32 {
    let subnormal = x < f32::MIN_POSITIVE;
    let (scaled, shift) = if subnormal { (x * 8_388_608.0, -23.0) } else { (x, 0.0) };
    // x = m * 2^e with m from sqrt(1/2) to sqrt(2).
    let bits = scaled.to_bits();
    let above = bits.wrapping_sub(std::f32::consts::FRAC_1_SQRT_2.to_bits()).cast_signed();
    let m = f32::from_bits(bits.wrapping_sub((above & !0x7f_ffff).cast_unsigned()));
    let e = (above >> 23) as f32 + shift;
    let f = m - 1.0;
    let q = polynomial::<FMA, 8>(
        f,
        [
            0.333_333_16,
            -0.250_008_1,
            0.200_023_03,
            -0.166_245_6,
            0.141_809_06,
            -0.131_284_42,
            0.128_832_28,
            -0.078_622_04,
        ],
    );
    let square = f * f;
    let low = fma::<FMA>(e, LN_2_LOW, fma::<FMA>(square * f, q, -0.5 * square));
    let y = fma::<FMA>(e, LN_2_HIGH, f + low);
    let y = if x == 0.0 { f32::NEG_INFINITY } else { y };
    let y = if x == f32::INFINITY { x } else { y };
    if x >= 0.0 { y } else { f32::NAN }
}

/// `ln(1 + e)` for `e` from 0 to 1, by `2 atanh(e / (2 + e))`.
#[inline(always)]
fn log_one_plus<const FMA: bool>(e: f32) -> f32 {
    let s = e / (2.0 + e);
    let square = s * s;
    let q = polynomial::<FMA, 4>(square, [0.666_664_1, 0.400_217_38, 0.279_985_58, 0.280_271_1]);
    fma::<FMA>(square * s, q, 2.0 * s)
}

/// `ln(1 + e^x)`.
#[inline(always)]
pub(super) fn softplus<const FMA: bool>(x: f32) -> f32 {
    at_least(x, 0.0) + log_one_plus::<FMA>(exp::<FMA>(-x.abs()))
}

/// `1 / (1 + e^-x)`.
#[inline(always)]
pub(super) fn sigmoid<const FMA: bool>(x: f32) -> f32 {
    // e^-|x| does not overflow, and the form for each sign does not cancel.
    let e = exp::<FMA>(-x.abs());
    (if x < 0.0 { e } else { 1.0 }) / (1.0 + e)
}

/// The hyperbolic tangent, by `tanh |x| = -t / (t + 2)` with `t = e^(-2 |x|) - 1`.
#[inline(always)]
pub(super) fn tanh<const FMA: bool>(x: f32) -> f32 {
    let t = exp_minus_one::<FMA>(-2.0 * x.abs());
    (-t / (t + 2.0)).copysign(x)
}

/// The error function: an odd polynomial up to 1, and `1 - e^-p(|x|)` beyond.
#[inline(always)]
pub(super) fn erf<const FMA: bool>(x: f32) -> f32 {
    let square = x * x;
    let q = polynomial::<FMA, 7>(square, ERF_NEAR);
    let near = fma::<FMA>(x, q, x);
    // Beyond 4 the result is 1 to the last digit.
    let a = at_most(x.abs(), 4.0);
    let p = a * polynomial::<FMA, 6>(a, ERF_FAR);
    let far = -exp_minus_one::<FMA>(-p);
    if x.abs() < 1.0 { near } else { far.copysign(x) }
}

/// `(erf(x) / x - 1)` for `x` from 0 to 1, in `x^2`.
const ERF_NEAR: [f32; 7] =
    [0.128_379_17, -0.376_126_26, 0.112_835_79, -0.026_853_347, 0.005_187_162, -0.000_799_785_3, 7.806_903e-5];
/// `-ln(1 - erf(x)) / x` for `x` from 1 to 4.
const ERF_FAR: [f32; 6] = [1.128_480_1, 0.635_831_36, 0.105_116_285, -0.022_798_544, 0.003_186_967, -0.000_210_644_92];
