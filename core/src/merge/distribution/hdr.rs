//! Distributions for the tools of HdrHistogram: the `hdrhistogram` crate's own type, V2 bytes, lines of an interval log.
//!
//! Users and the program call this to hand counts on. HdrHistogram counts whole numbers, so values are scaled first (1e9
//! makes nanoseconds of seconds); each slot is recorded at the value that stands for it.

use super::{Distribution, quantile::middle};
use crate::error::{Error, ErrorCode, Result};
use hdrhistogram::Histogram;
use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, Tag};
use hdrhistogram::serialization::{Serializer, V2DeflateSerializer};
use std::time::Duration;

/// The largest value HdrHistogram's readers in other languages can hold, in a signed 64-bit number.
const LARGEST: u64 = i64::MAX as u64;

impl Distribution {
    /// An `hdrhistogram` of the values times `scale`, rounded, with `sigfigs` significant digits. Negative values become 0.
    ///
    /// # Errors
    /// `InvalidOption` if `scale` is not a finite number above zero or `sigfigs` is above 5.
    pub fn to_hdrhistogram(&self, scale: f64, sigfigs: u8) -> Result<Histogram<u64>> {
        if !(scale > 0.0 && scale.is_finite()) {
            return Err(invalid(format!("the scale {scale} is not a finite number above zero")));
        }
        let mut histogram = Histogram::new(sigfigs)
            .map_err(|e| invalid(format!("{sigfigs} significant digits are not possible ({e:?}): ask for 0 to 5")))?;
        for (slot, n) in self.counts() {
            // The cast takes negative numbers to 0 and huge ones to the end.
            let value = (middle(&self.shape, slot) * scale).round() as u64;
            histogram
                .record_n(value.min(LARGEST), n)
                .map_err(|e| invalid(format!("the scale {scale} makes values that do not fit ({e:?})")))?;
        }
        Ok(histogram)
    }

    /// The compressed V2 form of [`to_hdrhistogram`](Self::to_hdrhistogram), which HdrHistogram reads in any language.
    ///
    /// # Errors
    /// As `to_hdrhistogram`, and `InvalidOption` if a count does not fit in the format.
    pub fn to_v2(&self, scale: f64, sigfigs: u8) -> Result<Vec<u8>> {
        let histogram = self.to_hdrhistogram(scale, sigfigs)?;
        let mut bytes = Vec::new();
        V2DeflateSerializer::new().serialize(&histogram, &mut bytes).map_err(|e| unfit(&e))?;
        Ok(bytes)
    }

    /// A line of an HdrHistogram interval log: counts that were taken during `interval` from `start` on, which is the time
    /// since 1970 or since the start the log names. The line ends with a newline; a log of several needs no header.
    ///
    /// # Errors
    /// As [`to_v2`](Self::to_v2), and `InvalidOption` for a tag that is empty or has a comma or white space in it.
    pub fn to_v2_log_line(
        &self,
        scale: f64,
        sigfigs: u8,
        tag: Option<&str>,
        start: Duration,
        interval: Duration,
    ) -> Result<String> {
        let tag = match tag {
            None => None,
            Some(text) if text.is_empty() || text.contains(char::is_whitespace) => return Err(invalid_tag(text)),
            Some(text) => Some(Tag::new(text).ok_or_else(|| invalid_tag(text))?),
        };
        let histogram = self.to_hdrhistogram(scale, sigfigs)?;
        let mut line = Vec::new();
        let mut serializer = V2DeflateSerializer::new();
        let mut writer =
            IntervalLogWriterBuilder::new().begin_log_with(&mut line, &mut serializer).map_err(|e| unfit(&e))?;
        writer.write_histogram(&histogram, start, interval, tag).map_err(|e| unfit(&e))?;
        String::from_utf8(line).map_err(|e| unfit(&e))
    }
}

fn invalid(message: String) -> Error {
    Error::new(ErrorCode::InvalidOption, message)
}

fn invalid_tag(text: &str) -> Error {
    invalid(format!("the tag {text:?} is not allowed in an interval log: use text without commas and white space"))
}

fn unfit(cause: &dyn std::fmt::Debug) -> Error {
    invalid(format!("the counts do not fit in the V2 format ({cause:?}): take the difference over a shorter time"))
}
