//! `tykmetrics config`: what a server would be told, and by whom. `serve` is told the same.

use crate::args::{Config, Output};
use crate::exit::Exit;
use crate::output::{self, Paint, harmless};
use std::path::Path;
use tykmetrics_server::StartErrorCode;
use tykmetrics_server::config::{ConfigError, Loaded, Loader};

/// Why there is no configuration.
pub(crate) enum Refused {
    /// A file cannot be read: the configuration's, or one that it names.
    Unreadable(String),
    /// A key or a value is not allowed.
    Bad(String),
}

/// Puts a file, this process's environment and arguments together, each stronger than the one before.
pub(crate) fn load(file: Option<&Path>, settings: &[(String, String)]) -> Result<Loaded, Refused> {
    let bad = |error: ConfigError| match error.is_unreadable() {
        true => Refused::Unreadable(error.to_string()),
        false => Refused::Bad(error.to_string()),
    };
    let mut loader = Loader::new();
    if let Some(path) = file {
        loader = loader.file(path).map_err(bad)?;
    }
    let text = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
    loader = loader.environment(std::env::vars_os().map(|(name, value)| (text(name), text(value)))).map_err(bad)?;
    for (key, value) in settings {
        loader = loader.set(key, value).map_err(bad)?;
    }
    loader.load().map_err(bad)
}

pub(crate) fn run(args: &Config) -> Exit {
    let loaded = match load(args.file.as_deref(), &args.set) {
        Ok(loaded) => loaded,
        Err(Refused::Unreadable(why)) => return output::failed(&why),
        Err(Refused::Bad(why)) => {
            output::failed(&why);
            return Exit::Invalid;
        }
    };
    for warning in &loaded.warnings {
        output::failed(&format!("warning: {warning}"));
    }
    // What is not enabled needs nothing.
    let refused = match tykmetrics_server::check(&loaded.config) {
        Err(error) if error.code() == StartErrorCode::Disabled => None,
        result => result.err(),
    };
    // All the same, who asks is shown what there is, and by whom it was said.
    let shown = match args.output {
        Output::Json => {
            let list: Vec<_> = loaded
                .origins
                .iter()
                .map(|one| serde_json::json!({"key": one.key, "value": one.value, "origin": one.origin.to_string()}))
                .collect();
            let mut bytes = serde_json::to_vec_pretty(&list).unwrap_or_default();
            bytes.push(b'\n');
            output::bytes(&bytes)
        }
        Output::Human => output::bytes(table(&loaded, Paint(args.color.wanted())).as_bytes()),
    };
    let Some(error) = refused else { return shown };
    let usage = output::failed(error.message());
    if error.code() == StartErrorCode::Unreadable { usage } else { shown.and(Exit::Invalid) }
}

fn table(loaded: &Loaded, paint: Paint) -> String {
    let rows: Vec<[String; 3]> = loaded
        .origins
        .iter()
        .map(|one| {
            let value = if one.value.is_empty() { "-".to_owned() } else { harmless(&one.value) };
            [one.key.to_owned(), value, harmless(&one.origin.to_string())]
        })
        .collect();
    let width = |at: usize| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0).max("value".len());
    let (keys, values) = (width(0), width(1));
    let mut out = paint.bold(&format!("{:keys$}  {:values$}  origin", "key", "value"));
    out.push('\n');
    for [key, value, origin] in &rows {
        // What somebody said stands out from what nobody said.
        let origin = if origin.starts_with("default") { paint.dim(origin) } else { paint.green(origin) };
        out.push_str(&format!("{key:keys$}  {value:values$}  {origin}\n"));
    }
    out
}
