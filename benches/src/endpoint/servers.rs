//! What is scraped: ours, the peer's listener, and bytes from memory.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, mpsc};

use metrics::with_local_recorder;
use metrics_exporter_prometheus::PrometheusBuilder;
use tykmetrics::render::Compressor;
use tykmetrics::{Encoding, Registry};
use tykmetrics_server::config::{Config, Listen};
use tykmetrics_server::{Address, Running};

use crate::measure::repeat;
use crate::workload::{self, BOUND, BOUNDS, HISTOGRAM_NAME, SERIES_LABELS, SERIES_NAME, workload};

/// A registry with `n` counters of three labels, and a gauge beside them.
pub(super) fn registry(n: usize) -> Option<Registry> {
    let registry = Registry::options().series_limit(n as u64 + 2).build();
    registry.gauge("bench_level", "A family of one series.").register().ok()?.set(1.0);
    let counter = registry.counter(SERIES_NAME, "Requests.").labels(SERIES_LABELS);
    let family = counter.limit(u32::try_from(n).ok()?).register().ok()?;
    workload().each_series(n, |i, method, route, id| family.add([method, route, id], workload::increment(i)));
    Some(registry)
}

/// What a writer does in such a registry: adds to some of its counters and observes into a histogram.
pub(super) fn record(registry: &Registry, n: usize) -> Option<Arc<dyn Fn(u64) + Send + Sync>> {
    let counter = registry.counter(SERIES_NAME, "Requests.").labels(SERIES_LABELS);
    let family = counter.limit(u32::try_from(n).ok()?).register().ok()?;
    let mut bound = Vec::with_capacity(BOUND);
    workload().each_series(BOUND, |_, method, route, id| bound.push(family.with([method, route, id])));
    let histogram = registry.histogram(HISTOGRAM_NAME, "Time to answer.").buckets(BOUNDS).register().ok()?;
    let work = workload();
    Some(Arc::new(move |n| {
        repeat(n, |i| {
            bound[i % BOUND].inc();
            histogram.observe(work.second(i));
        });
    }))
}

/// Our server.
pub(super) fn ours(registry: Registry) -> Option<(Running, SocketAddr)> {
    let config = Config { listen: Listen::Tcp("127.0.0.1".to_owned(), 0), ..Config::default() };
    let running = tykmetrics_server::start(config, registry).ok()?;
    let Address::Tcp(address) = *running.address() else { return None };
    Some((running, address))
}

/// The listener of `metrics-exporter-prometheus` with `n` such counters, on a runtime of its own thread as its `install`
/// has it.
pub(super) fn exporter(n: usize) -> Option<SocketAddr> {
    let (ready, started) = mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
        // It cannot say which port it was given.
        let address = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).ok()?;
        let (recorder, listen) = {
            let _context = runtime.enter();
            PrometheusBuilder::new().with_http_listener(address).build().ok()?
        };
        with_local_recorder(&recorder, || {
            workload().each_series(n, |i, method, route, id| {
                metrics::counter!(SERIES_NAME, "method" => method, "route" => route, "id" => id.to_owned())
                    .increment(workload::increment(i));
            });
        });
        runtime.spawn(async { listen.await.is_ok() });
        runtime.block_on(async {
            while TcpStream::connect(address).is_err() {
                tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            }
        });
        ready.send(address).ok()?;
        runtime.block_on(std::future::pending::<Option<()>>())
    });
    started.recv().ok()
}

/// A thread that answers every request with `text`, as one write or packed on the way.
pub(super) fn from_memory(text: Vec<u8>, gzip: bool) -> Option<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").ok()?;
    let address = listener.local_addr().ok()?;
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // Who leaves early is asked for nothing.
            let _ = answer(&stream, &text, gzip);
        }
    });
    Some(address)
}

fn answer(mut stream: &TcpStream, text: &[u8], gzip: bool) -> io::Result<()> {
    let mut lines = BufReader::new(stream).lines();
    while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
    if !gzip {
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", text.len())?;
        return stream.write_all(text);
    }
    write!(stream, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n")?;
    let mut packer = Compressor::new(Encoding::Gzip, |chunk: &[u8]| stream.write_all(chunk).map_err(Failed))?;
    for chunk in text.chunks(64 * 1024) {
        packer.write(chunk)?;
    }
    Ok(packer.finish()?)
}

struct Failed(io::Error);

impl From<tykmetrics::Error> for Failed {
    fn from(error: tykmetrics::Error) -> Failed {
        Failed(io::Error::other(error))
    }
}

impl From<Failed> for io::Error {
    fn from(failed: Failed) -> io::Error {
        failed.0
    }
}
