//! The bounds of Prometheus native histograms: 2^s buckets per octave for a schema s > 0, 2^-s octaves per bucket below.
//!
//! The layout refines slots at these bounds, and distributions number their buckets by them. Schemas -4 to 3 are known
//! here; finer ones cut deeper than the HDR store's sub-buckets. Bucket `index` holds `(bound(index - 1), bound(index)]`.

/// The finest schema: 8 buckets per octave.
pub const MAX_SCHEMA: i32 = 3;
/// The coarsest schema: 16 octaves per bucket.
pub const MIN_SCHEMA: i32 = -4;

/// Schema 3's bounds in [0.5, 1), to the last bit as Prometheus spells them (`nativeHistogramBounds` of client_golang):
/// a library function's own powers of two would differ in the last place. Schemas 1 and 2 are every 4th and 2nd of them.
const EIGHTHS: [f64; 8] = [
    0.5,
    0.5452538663326288,
    0.5946035575013605,
    0.6484197773255048,
    0.7071067811865475,
    0.7711054127039704,
    0.8408964152537144,
    0.9170040432046711,
];

/// 2 to the power `exponent`, which is at least -1022 and at most 1023.
pub(crate) fn pow2(exponent: i32) -> f64 {
    f64::from_bits(((exponent.clamp(-1022, 1023) + 1023) as u64) << 52)
}

/// `mantissa * 2^exponent`, rounded once at most.
fn ldexp(mantissa: f64, exponent: i32) -> f64 {
    // Past these the result is 0 or infinite anyway, and both halves stay normal.
    let exponent = exponent.clamp(-1100, 1100);
    let half = exponent / 2;
    mantissa * pow2(half) * pow2(exponent - half)
}

/// The fraction in [0.5, 1) and the exponent of a positive finite value.
fn frexp(value: f64) -> (f64, i32) {
    // 2^54 makes every subnormal a normal number.
    let (value, shift) = if value < f64::MIN_POSITIVE { (value * pow2(54), 54) } else { (value, 0) };
    let bits = value.to_bits();
    let exponent = ((bits >> 52) & 0x7ff) as i32 - 1022 - shift;
    (f64::from_bits((bits & !(0x7ff << 52)) | (1022 << 52)), exponent)
}

/// The upper bound of bucket `index` in `schema`, which is clamped to -4 and 3.
pub fn bound(schema: i32, index: i32) -> f64 {
    let schema = schema.clamp(MIN_SCHEMA, MAX_SCHEMA);
    if schema <= 0 {
        return ldexp(1.0, index.saturating_mul(1 << -schema));
    }
    let within = (index & ((1 << schema) - 1)) << (MAX_SCHEMA - schema);
    ldexp(EIGHTHS[within as usize], (index >> schema).saturating_add(1))
}

/// The bucket that holds `value`, positive and finite, in `schema`, which is clamped to -4 and 3.
pub fn index(schema: i32, value: f64) -> i32 {
    let schema = schema.clamp(MIN_SCHEMA, MAX_SCHEMA);
    let (fraction, exponent) = frexp(value);
    let finest = (exponent - 1) * 8 + EIGHTHS.partition_point(|b| *b < fraction) as i32;
    coarsen(finest, (MAX_SCHEMA - schema) as u32)
}

/// The bucket, `steps` schemas coarser, that holds bucket `index`.
pub(crate) fn coarsen(index: i32, steps: u32) -> i32 {
    (index + ((1 << steps) - 1)) >> steps
}
