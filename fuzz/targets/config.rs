//! Configuration files that nobody wrote: an error or a configuration, within bounds, and never a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tykmetrics_server::config::{Loader, keys};

fuzz_target!(|text: &str| {
    // Not enabled, so that no file that is named here is read.
    let off = |loader: Loader| loader.set("enabled", "false").expect("a known key");
    let Ok(loader) = Loader::new().text("fuzzed", text) else { return };
    let Ok(loaded) = off(loader).load() else { return };
    for setting in &loaded.origins {
        let key = keys().iter().find(|key| key.name() == setting.key).expect("a known key");
        // What was taken is shown so that it is taken again, unless it is hidden or had more structure than a line has.
        if !setting.value.is_empty() && !["secret", "list", "mapping"].contains(&key.kind()) {
            let again = Loader::new().set(key.name(), &setting.value).expect("a known key");
            off(again).load().expect("a value that was taken before");
        }
    }
});
