//! `/metrics/health`: whether the server is well, and the key figures of what it serves.
//!
//! The figures are counted from the text as it is rendered, so that they cost no memory, and are kept for a moment, so
//! that who asks often costs no more than who asks once.

use crate::page::roles;
use crate::shared::{Permit, Shared};
use crate::source::{Gone, Source};
use hyper::body::Bytes;
use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;
use tokio::time::timeout;
use tykmetrics::render::Compressor;
use tykmetrics::{Encoding, Format};

/// How long an answer is given again.
const KEPT: Duration = Duration::from_secs(1);

/// An answer that is made once for all who ask at about the same time and accept it packed in the same way.
#[derive(Default)]
pub(crate) struct Kept(Mutex<[Option<(Instant, Bytes)>; 3]>);

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoAnswer {
    /// The source panicked.
    Failed,
    /// It takes too long, or others wait already.
    Late,
}

impl Kept {
    /// The answer that is kept, or what `make` makes, made and packed on a thread of the pool.
    pub(crate) async fn get(
        &self,
        shared: &Shared,
        encoding: Encoding,
        make: impl FnOnce(&dyn Source) -> Vec<u8> + Send + 'static,
    ) -> Result<Bytes, NoAnswer> {
        let making = async {
            let mut all = self.0.lock().await;
            let kept = &mut all[encoding as usize];
            if let Some((_, bytes)) = kept.as_ref().filter(|(at, _)| at.elapsed() < KEPT) {
                return Ok(bytes.clone());
            }
            let permit = Arc::clone(&shared.looks).acquire_owned().await.map_err(|_| NoAnswer::Late)?;
            let bytes = look(shared, permit, move |source| packed(encoding, make(source))).await?;
            *kept = Some((Instant::now(), bytes.clone()));
            Ok(bytes)
        };
        timeout(shared.limits.scrape_timeout, making).await.unwrap_or(Err(NoAnswer::Late))
    }
}

/// An answer, packed.
fn packed(encoding: Encoding, answer: Vec<u8>) -> Vec<u8> {
    if encoding == Encoding::Identity {
        return answer;
    }
    let mut body = Vec::new();
    let sink = |chunk: &[u8]| {
        body.extend_from_slice(chunk);
        Ok::<(), tykmetrics::Error>(())
    };
    let done = Compressor::new(encoding, sink).and_then(|mut packer| {
        packer.write(&answer)?;
        packer.finish()
    });
    // Only memory can be wanting, and whoever asks is told that it failed.
    done.expect("an answer is packed");
    body
}

/// Asks the source on a thread of the pool.
pub(crate) async fn look(
    shared: &Shared,
    permit: Permit,
    make: impl FnOnce(&dyn Source) -> Vec<u8> + Send + 'static,
) -> Result<Bytes, NoAnswer> {
    let source = Arc::clone(&shared.source);
    let made = tokio::task::spawn_blocking(move || {
        let made = catch_unwind(AssertUnwindSafe(|| make(source.as_ref())));
        // Held until the source lets go, however long nobody waits for it any more.
        drop(permit);
        made
    });
    match made.await {
        Ok(Ok(bytes)) => Ok(bytes.into()),
        _ => Err(NoAnswer::Failed),
    }
}

/// The answer of the route.
pub(crate) async fn answer(shared: &Shared, encoding: Encoding) -> Result<Bytes, NoAnswer> {
    let (began, running) = (shared.began, shared.limits.concurrent_scrapes - shared.scrapes.available_permits());
    // Relaxed: a count that is only shown.
    let scraped = shared.scraped.load(Relaxed);
    let make = move |source: &dyn Source| {
        let mut figures = Figures::default();
        let counted = source.render(Format::Text.into(), &mut |chunk| {
            figures.feed(chunk);
            Ok(())
        });
        debug_assert_ne!(counted, Err(Gone), "nobody said so");
        figures.finish();
        figures.json(began.elapsed(), scraped, running)
    };
    shared.status.get(shared, encoding, make).await
}

/// Families of requests and of those that failed, by the ends of their names; the first that is there counts.
const REQUESTS: [(&str, &str); 3] = [
    ("http_requests_total", "http_request_errors_total"),
    ("gateway_requests_total", "gateway_request_errors_total"),
    ("requests_total", "request_errors_total"),
];

/// What is counted of a text.
#[derive(Debug, Default)]
struct Figures {
    families: u64,
    series: u64,
    requests: [Requests; REQUESTS.len()],
    of: Option<Of>,
    /// Only the samples whose names end so are series of their own.
    distributions: bool,
    /// The beginning of a line whose end has not come.
    line: Vec<u8>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Requests {
    all: Option<f64>,
    failed: Option<f64>,
    failed_by_status: f64,
}

/// What the family at hand counts.
#[derive(Debug, Clone, Copy)]
enum Of {
    All(usize),
    Failed(usize),
}

impl Figures {
    fn feed(&mut self, mut chunk: &[u8]) {
        while let Some(end) = chunk.iter().position(|&byte| byte == b'\n') {
            let (line, rest) = chunk.split_at(end);
            chunk = &rest[1..];
            if self.line.is_empty() {
                self.count(line);
            } else {
                let mut whole = std::mem::take(&mut self.line);
                whole.extend_from_slice(line);
                self.count(&whole);
                whole.clear();
                self.line = whole;
            }
        }
        self.line.extend_from_slice(chunk);
    }

    fn finish(&mut self) {
        let line = std::mem::take(&mut self.line);
        self.count(&line);
    }

    fn count(&mut self, line: &[u8]) {
        if let Some(declared) = line.strip_prefix(b"# TYPE ") {
            return self.begin(declared);
        }
        if line.is_empty() || line.starts_with(b"#") {
            return;
        }
        let name_end = line.iter().position(|&byte| byte == b'{' || byte == b' ').unwrap_or(line.len());
        if !self.distributions || line[..name_end].ends_with(b"_count") {
            self.series += 1;
        }
        let Some(of) = self.of else { return };
        // No brace stands behind the one that ends the labels.
        let labels_end = line.iter().rposition(|&byte| byte == b'}').map_or(name_end, |at| at + 1);
        let value = std::str::from_utf8(&line[labels_end..]).ok();
        let value = value.and_then(|text| text.split_ascii_whitespace().next()?.parse::<f64>().ok());
        let value = value.filter(|value| value.is_finite()).unwrap_or(0.0);
        match of {
            Of::Failed(which) => *self.requests[which].failed.get_or_insert(0.0) += value,
            Of::All(which) => {
                let requests = &mut self.requests[which];
                *requests.all.get_or_insert(0.0) += value;
                if has_failed(&line[name_end..labels_end]) {
                    requests.failed_by_status += value;
                }
            }
        }
    }

    fn begin(&mut self, declared: &[u8]) {
        self.families += 1;
        let space = declared.iter().position(|&byte| byte == b' ').unwrap_or(declared.len());
        let (name, kind) = declared.split_at(space);
        self.distributions = matches!(kind.trim_ascii(), b"histogram" | b"summary");
        let ends = |end: &str| {
            let before = name.strip_suffix(end.as_bytes());
            before.is_some_and(|before| before.is_empty() || (before.ends_with(b"_") && end != "requests_total"))
        };
        self.of = REQUESTS.iter().enumerate().find_map(|(which, (all, failed))| {
            if ends(all) { Some(Of::All(which)) } else { ends(failed).then_some(Of::Failed(which)) }
        });
    }

    fn json(&self, uptime: Duration, scraped: u64, running: usize) -> Vec<u8> {
        let requests = self.requests.iter().find(|requests| requests.all.is_some());
        let all = requests.and_then(|requests| requests.all);
        let failed = requests.map(|requests| requests.failed.unwrap_or(requests.failed_by_status));
        let rate = all.zip(failed).map(|(all, failed)| if all > 0.0 { failed / all } else { 0.0 });
        let number = |number: Option<f64>| number.map_or_else(|| "null".to_owned(), |number| number.to_string());
        let mut json = format!("{{\"status\":\"ok\",\"uptime_seconds\":{:.3}", uptime.as_secs_f64());
        // Writing to a String does not fail.
        let _ = write!(json, ",\"families\":{},\"series\":{}", self.families, self.series);
        let _ = write!(json, ",\"scrapes_total\":{scraped},\"scrapes_running\":{running}");
        let _ = write!(json, ",\"requests_total\":{},\"errors_total\":{}", number(all), number(failed));
        let _ = writeln!(json, ",\"error_rate\":{}}}", number(rate));
        json.into_bytes()
    }
}

/// True if `labels` say of requests that they failed, as the page and `tykmetrics top` see it.
fn has_failed(labels: &[u8]) -> bool {
    let Some(mut rest) = std::str::from_utf8(labels).ok().and_then(|labels| labels.strip_prefix('{')) else {
        return false;
    };
    let (mut names, mut values) = (Vec::new(), Vec::new());
    while let Some((name, behind)) = rest.split_once("=\"") {
        let mut is_escaped = false;
        // A value's own quotes are escaped.
        let end = behind.bytes().position(|byte| {
            let is_end = byte == b'"' && !is_escaped;
            is_escaped = byte == b'\\' && !is_escaped;
            is_end
        });
        let Some(end) = end else { return false };
        names.push(name.trim_start_matches(','));
        values.push(&behind[..end]);
        rest = &behind[end + 1..];
    }
    roles::status_label(&names).is_some_and(|at| roles::is_error(names[at], values[at]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
# HELP http_requests_total Requests # TYPE x counter
# TYPE http_requests_total counter
http_requests_total{path=\"/a,code=\\\"5\",code=\"200\"} 90
http_requests_total{path=\"}\",code=\"503\"} 10
# TYPE latency_seconds histogram
latency_seconds_bucket{le=\"1\"} 3
latency_seconds_bucket{le=\"+Inf\"} 3
latency_seconds_sum 1.5
latency_seconds_count 3
# TYPE up gauge
up 1
";

    fn counted(text: &str, step: usize) -> String {
        let mut figures = Figures::default();
        text.as_bytes().chunks(step).for_each(|chunk| figures.feed(chunk));
        figures.finish();
        String::from_utf8(figures.json(Duration::from_millis(1500), 7, 1)).expect("JSON is text")
    }

    #[test]
    fn figures_are_those_of_the_text_however_it_is_cut() {
        let expected = "{\"status\":\"ok\",\"uptime_seconds\":1.500,\"families\":3,\"series\":4,\"scrapes_total\":7,\
            \"scrapes_running\":1,\"requests_total\":100,\"errors_total\":10,\"error_rate\":0.1}\n";
        for step in 1..=TEXT.len() {
            assert_eq!(counted(TEXT, step), expected, "cut each {step} bytes");
        }
    }

    #[test]
    fn requests_failed_that_the_page_calls_failed() {
        for (labels, failed) in [
            (r#"{code="404"}"#, true),
            (r#"{status="5xx",path="/"}"#, true),
            (r#"{path="/\\",response_code="500"}"#, true),
            (r#"{outcome="error"}"#, true),
            (r#"{grpc_code="Unavailable"}"#, true),
            (r#"{code="success"}"#, false),
            (r#"{path="a\",code=\"500",code="301"}"#, false),
            (r#"{path="/500"}"#, false),
            ("{}", false),
            ("", false),
            (r#"{code="404"#, false),
        ] {
            assert_eq!(has_failed(labels.as_bytes()), failed, "{labels}");
        }
    }

    #[test]
    fn a_family_of_errors_is_better_than_a_label_and_no_requests_are_null() {
        let more = format!("{TEXT}# TYPE http_request_errors_total counter\nhttp_request_errors_total 25\n");
        assert!(counted(&more, 100).contains("\"errors_total\":25,\"error_rate\":0.25}"));
        let other = "# TYPE provider_requests_total counter\nprovider_requests_total 3\n";
        assert!(counted(other, 100).contains("\"requests_total\":null,\"errors_total\":null,\"error_rate\":null"));
        let tyk = "# TYPE tyk_gateway_gateway_requests_total counter\ntyk_gateway_gateway_requests_total 0\n";
        assert!(counted(tyk, 100).contains("\"requests_total\":0,\"errors_total\":0,\"error_rate\":0}"));
    }
}
