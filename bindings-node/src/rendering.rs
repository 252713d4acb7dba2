//! Scrapes: on a thread of the engine's own, which holds up neither the event loop nor the runtime's pool of threads, or where
//! they are asked for.

use crate::error::OrThrow;
use crate::metric::{Family, Metric};
use crate::raw::{self, Given};
use crate::registry::{Registry, exposition};
use crate::told::{Beside, Told};
use engine::render::{Compressor, Exposition, Format, Style};
use engine::{Encoding, Escaping, Snapshot};
use napi::bindgen_prelude::{Array, Either3, External, ExternalRef, JsValue as _};
use napi::{Env, Error, Result, Status};
use napi_derive::napi;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, OnceLock};
use std::thread;

type Job = Box<dyn FnOnce() + Send>;

/// Has the rendering thread do something; the calling thread, where there can be none.
fn elsewhere(job: Job) {
    static THREAD: OnceLock<Option<Sender<Job>>> = OnceLock::new();
    let thread = THREAD.get_or_init(|| {
        let (sender, receiver) = channel::<Job>();
        let run = move || receiver.into_iter().for_each(|job| job());
        thread::Builder::new().name("tykmetrics".into()).spawn(run).ok().map(|_| sender)
    });
    match thread {
        // The receiver lives as long as the thread, which is as long as the process.
        Some(sender) => drop(sender.send(job)),
        None => job(),
    }
}

/// Runs `render` elsewhere; its result is made a value of JavaScript's by `convert`, and a promise is kept with it.
fn promised<T: Send + 'static>(
    env: &Env,
    render: impl FnOnce() -> Result<T> + Send + 'static,
    convert: impl FnOnce(&Env, T) -> Result<napi::sys::napi_value> + Send + 'static,
) -> Result<Given> {
    let (deferred, promise) = env.create_deferred()?;
    elsewhere(Box::new(move || {
        let rendered = std::panic::catch_unwind(std::panic::AssertUnwindSafe(render));
        match rendered.unwrap_or_else(|_| Err(Error::new(Status::GenericFailure, "tykmetrics failed inside"))) {
            Ok(rendered) => deferred.resolve(move |env| convert(&env, rendered).map(Given)),
            Err(error) => deferred.reject(error),
        }
    }));
    Ok(Given(promise.raw()))
}

/// A part of a text that is put together.
enum Part {
    Family(Arc<Family>),
    /// What JavaScript printed of a metric, without a line feed at its end.
    Text(String),
    /// A family that JavaScript printed.
    Told(Arc<Family>),
}

/// What JavaScript gives: metrics, texts, and lists of metrics that the texts told of.
fn parts(items: &Array<'_>) -> Result<Vec<Part>> {
    let parts: Result<Vec<Vec<Part>>> = (0..items.len())
        .map(|at| {
            let item = items.get::<Either3<ExternalRef<Metric>, String, Vec<ExternalRef<Metric>>>>(at)?;
            Ok(match item {
                Some(Either3::A(metric)) => vec![Part::Family(Arc::clone(&metric.family))],
                Some(Either3::B(text)) => vec![Part::Text(text)],
                Some(Either3::C(told)) => told.iter().map(|metric| Part::Told(Arc::clone(&metric.family))).collect(),
                None => Vec::new(),
            })
        })
        .collect();
    Ok(parts?.into_iter().flatten().collect())
}

/// A text as prom-client lays it out: the parts in their order, then what other isolates listed in the registry.
fn laid_out(registry: &Registry, mut parts: Vec<Part>, all: bool, open: bool) -> (Vec<u8>, bool) {
    registry.engine.maintain();
    if all {
        for family in registry.listed().iter() {
            let known = |part: &Part| match part {
                Part::Family(known) | Part::Told(known) => Arc::ptr_eq(known, family),
                Part::Text(_) => false,
            };
            if !parts.iter().any(known) {
                parts.push(Part::Family(Arc::clone(family)));
            }
        }
    }
    let mut exposition = Exposition::from(if open { Format::OpenMetrics } else { Format::Text });
    exposition.style = Style::PromClient;
    exposition.escaping = Escaping::AllowUtf8;
    (exposition.omit_empty_labels, exposition.empty_families) = (true, true);
    let mut text = registry.room();
    let shown = parts.into_iter().filter(|part| !matches!(part, Part::Told(_)));
    for (at, part) in shown.enumerate() {
        if at > 0 && !open {
            text.push(b'\n');
        }
        match part {
            Part::Family(family) => family.series.render_into(exposition, &mut text),
            Part::Told(_) => {}
            Part::Text(own) => text.extend_from_slice((own + "\n").as_bytes()),
        }
    }
    for family in registry.derived() {
        if !open {
            text.push(b'\n');
        }
        let derived = Snapshot { families: vec![family], at_ms: 0 }.render(exposition);
        text.extend_from_slice(derived.strip_suffix(b"# EOF\n").unwrap_or(&derived));
    }
    if open {
        text.extend_from_slice(if text.is_empty() { b"\n# EOF\n" } else { b"# EOF\n" });
    } else if text.is_empty() {
        text.push(b'\n');
    }
    registry.remember(&text);
    let is_ascii = text.is_ascii();
    (text, is_ascii)
}

/// The parts as prom-client's text, as a promise of a string. `all` adds what other isolates listed in the registry.
#[napi(catch_unwind)]
pub(crate) fn text(
    env: Env,
    registry: &External<Arc<Registry>>,
    items: Array<'_>,
    all: bool,
    open: bool,
) -> Result<Given> {
    let (registry, parts) = (Arc::clone(registry), parts(&items)?);
    let render = move || Ok(laid_out(&registry, parts, all, open));
    promised(&env, render, |env, (text, is_ascii)| raw::string(env, text, is_ascii))
}

/// As [`text`], at once.
#[napi(catch_unwind)]
pub(crate) fn text_now(
    env: Env,
    registry: &External<Arc<Registry>>,
    items: Array<'_>,
    all: bool,
    open: bool,
) -> Result<Given> {
    let (text, is_ascii) = laid_out(registry, parts(&items)?, all, open);
    raw::string(&env, text, is_ascii).map(Given)
}

fn packed(registry: &engine::Registry, exposition: Exposition, encoding: Encoding) -> Result<Vec<u8>> {
    if encoding == Encoding::Identity {
        return Ok(registry.render(exposition));
    }
    let mut body = Vec::new();
    let sink = |chunk: &[u8]| {
        body.extend_from_slice(chunk);
        Ok::<(), engine::Error>(())
    };
    let mut compressor = Compressor::new(encoding, sink).or_throw()?;
    registry.render_to(exposition, |chunk| compressor.write(chunk)).or_throw()?;
    compressor.finish().or_throw()?;
    Ok(body)
}

fn encoding(name: &str) -> Result<Encoding> {
    let known = [Encoding::Identity, Encoding::Gzip, Encoding::Zstd];
    known.into_iter().find(|encoding| encoding.as_str() == name).ok_or_else(|| {
        let message = format!("no encoding is called {name:?}; there are identity, gzip and zstd");
        Error::new(Status::InvalidArg, message)
    })
}

/// What the registry lists in a format of the engine's, and what JavaScript told beside, packed as asked, as a promise of a
/// `Buffer`.
#[napi(catch_unwind)]
pub(crate) fn render(
    env: Env,
    registry: &External<Arc<Registry>>,
    format: String,
    packing: String,
    except: Vec<ExternalRef<Metric>>,
    told: Vec<Told>,
) -> Result<Given> {
    let (registry, exposition, encoding) = (Arc::clone(registry), exposition(&format)?, encoding(&packing)?);
    let beside = Beside::new(&registry, except, told);
    let render = move || packed(&beside.registry(&registry), exposition, encoding);
    promised(&env, render, raw::bytes)
}

/// As [`render`], at once.
#[napi(catch_unwind)]
pub(crate) fn render_now(
    env: Env,
    registry: &External<Arc<Registry>>,
    format: String,
    packing: String,
    except: Vec<ExternalRef<Metric>>,
    told: Vec<Told>,
) -> Result<Given> {
    let (exposition, encoding) = (exposition(&format)?, encoding(&packing)?);
    let all = Beside::new(registry, except, told).registry(registry);
    raw::bytes(&env, packed(&all, exposition, encoding)?).map(Given)
}
