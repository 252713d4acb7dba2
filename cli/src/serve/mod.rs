//! `tykmetrics serve`: the server of every door, for metrics that no process of ours records: files that other programs
//! write (`textfile`), or a made-up gateway (`sample`) for who wants something to look at.

mod merge;
mod sample;
mod textfile;

use crate::args::Serve;
use crate::config::{Refused, load};
use crate::exit::Exit;
use crate::output::{self, harmless};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use signal_hook::iterator::Signals;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use tykmetrics_server::{Address, Config, Running, StartError, start};

pub(crate) fn run(args: &Serve) -> Exit {
    let listen = args.listen.iter().map(|address| ("listen".to_owned(), address.clone()));
    let settings: Vec<(String, String)> = args.set.iter().cloned().chain(listen).collect();
    let loaded = match load(args.config.as_deref(), &settings) {
        Ok(loaded) => loaded,
        Err(Refused::Unreadable(why) | Refused::Bad(why)) => return output::failed(&why),
    };
    for warning in &loaded.warnings {
        output::failed(&format!("warning: {warning}"));
    }
    let path = loaded.config.path.clone();
    // Before the server is there, so that no signal finds us unprepared; the second one ends us at once.
    let told = Arc::new(AtomicBool::new(false));
    let signals = [SIGINT, SIGTERM].into_iter().try_for_each(|signal| {
        flag::register_conditional_shutdown(signal, 130, Arc::clone(&told))?;
        flag::register(signal, Arc::clone(&told)).map(|_| ())
    });
    let mut waiting = match signals.and_then(|()| Signals::new([SIGINT, SIGTERM])) {
        Ok(waiting) => waiting,
        Err(error) => return output::failed(&format!("signals cannot be waited for: {error}")),
    };
    let started = match &args.textfile {
        Some(folder) => of_files(folder, loaded.config),
        None => of_sample(loaded.config),
    };
    let (running, what, _traffic) = match started {
        Ok(started) => started,
        Err(why) => return output::failed(&why),
    };
    // As `check` and `top` are told it: what follows a socket's name without a colon would be of the name.
    let colon = if matches!(running.address(), Address::Unix(_)) { ":" } else { "" };
    let said = output::bytes(format!("{what} at {}{colon}{path}\n", harmless(running.url())).as_bytes());
    if said != Exit::Clean {
        return said;
    }
    waiting.forever().next();
    running.close();
    Exit::Clean
}

/// A server, what it serves, and what must live as long.
type Started = Result<(Running, String, Option<sample::Traffic>), String>;

fn of_files(folder: &Path, config: Config) -> Started {
    let hygiene = config.hygiene.rules().map_err(|error| error.to_string())?;
    let files = textfile::Textfiles::new(folder, hygiene)?;
    if config.routes.reset {
        return Err(
            "routes.reset cannot be had with --textfile: what is in files is set back by who writes them; set \
                    routes.reset to false, or leave it out"
                .to_owned(),
        );
    }
    let running = start(config, files).map_err(|error: StartError| error.to_string())?;
    Ok((running, format!("tykmetrics serves the *.prom files of {}", harmless(&folder.display().to_string())), None))
}

fn of_sample(config: Config) -> Started {
    let (registry, traffic) = sample::gateway().map_err(|error| error.to_string())?;
    let running = start(config, registry).map_err(|error: StartError| error.to_string())?;
    Ok((
        running,
        "tykmetrics serves a sample: a made-up gateway, whose traffic is synthetic,".to_owned(),
        Some(traffic),
    ))
}
