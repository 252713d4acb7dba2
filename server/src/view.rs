//! The page and what it asks for, as answers. What they hold is made in `page`; here it is put together with what the server
//! knows: its routes, and when it began. Called by `answer`.

use crate::page::{self, About};
use crate::shared::Shared;
use crate::source::Source;
use crate::status::NoAnswer;
use hyper::body::Bytes;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tykmetrics::Encoding;

/// The overview.
pub(crate) async fn overview(shared: &Shared, encoding: Encoding) -> Result<Bytes, NoAnswer> {
    let began = shared.began;
    let make = move |source: &dyn Source| {
        let milliseconds = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let moments = || {
            // A clock before 1970 is not known.
            let now = milliseconds(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default());
            // By the clock as it is now, which may have been set since.
            (now, now.saturating_sub(milliseconds(began.elapsed())))
        };
        page::overview(&|part| source.parts(part), &moments)
    };
    shared.overview.get(shared, encoding, make).await
}

/// The page.
pub(crate) async fn html(shared: &Shared, encoding: Encoding) -> Result<Bytes, NoAnswer> {
    let (routes, overview) = (routes(shared), below(shared, "overview"));
    let make = move |source: &dyn Source| {
        let listed: Vec<(&str, &str)> = routes.iter().map(|(path, what)| (path.as_str(), *what)).collect();
        page::html(&|part| source.parts(part), &About { overview: &overview, routes: &listed }).into_bytes()
    };
    shared.page.get(shared, encoding, make).await
}

/// The routes that are there and what each gives. Their paths are relative to the page, which may be served below a prefix
/// by a proxy.
fn routes(shared: &Shared) -> Vec<(String, &'static str)> {
    let path = relative(shared);
    let below = |name: &str| below(shared, name);
    let on = &shared.routes;
    let all = [
        (!path.is_empty(), path, "everything, in the format that is asked for"),
        (on.json, below("json"), "everything, as JSON"),
        (on.health, below("health"), "whether it is well, and key figures"),
        (true, below("overview"), "what this page asks for"),
        (on.reset, below("reset"), "by POST: sets what can be reset to zero"),
        (true, "health".to_owned(), "whether the server is there"),
    ];
    all.into_iter().filter(|(there, ..)| *there).map(|(_, path, what)| (path, what)).collect()
}

/// The path of the metrics, relative to the page. What has a colon in its first part would be taken for a scheme.
fn relative(shared: &Shared) -> String {
    let path = shared.path.trim_start_matches('/').trim_end_matches('/');
    let is_scheme = path.split('/').next().is_some_and(|first| first.contains(':'));
    if is_scheme { format!("./{path}") } else { path.to_owned() }
}

/// The path of a route below that of the metrics.
fn below(shared: &Shared, name: &str) -> String {
    let path = relative(shared);
    if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") }
}
