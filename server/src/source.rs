//! What a server serves. Implemented here for a registry, and by doors whose hosts add families of their own.

use tykmetrics::snapshot::{Family, Meta};
use tykmetrics::{Exposition, Hygiene, Registry, Snapshot};

/// The reader of a scrape went away, or its time is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gone;

/// Something that can be scraped. Called on threads of the server's, several at a time, and may block.
pub trait Source: Send + Sync + 'static {
    /// Everything there is now, in chunks.
    ///
    /// # Errors
    /// [`Gone`] once `sink` said so; nothing is given to it afterwards.
    fn render(&self, exposition: Exposition, sink: &mut dyn FnMut(&[u8]) -> Result<(), Gone>) -> Result<(), Gone>;

    /// As [`render`](Self::render), of the families that are called so or have samples that are (`name[]=` of a request).
    /// By way of a snapshot, which is a copy of everything, unless implemented otherwise.
    ///
    /// # Errors
    /// As [`render`](Self::render).
    fn render_only(
        &self,
        names: &[String],
        exposition: Exposition,
        sink: &mut dyn FnMut(&[u8]) -> Result<(), Gone>,
    ) -> Result<(), Gone> {
        let mut snapshot = self.snapshot();
        snapshot.families.retain(|family| is_wanted(names, &family.meta));
        snapshot.render_to(exposition, sink)
    }

    /// The same as plain numbers.
    fn snapshot(&self) -> Snapshot;

    /// The same in parts, as [`Registry::snapshot_in_parts`] has them. By way of a snapshot unless implemented otherwise.
    fn parts(&self, part: &mut dyn FnMut(&Family)) {
        self.snapshot().families.iter().for_each(part);
    }

    /// Sets what can be set back to zero: what an operator asked for, by the route that is off unless enabled.
    fn reset(&self);

    /// Replaces secrets in the label values of what is recorded, from now on. Called once, before anything is served; what a
    /// source does not record itself it may leave as it is.
    fn set_hygiene(&self, hygiene: Hygiene) {
        let _ = hygiene;
    }
}

/// True if a family is called by one of these names, or has samples that are.
fn is_wanted(names: &[String], meta: &Meta) -> bool {
    names.iter().any(|name| is_of(name, &meta.name))
}

/// What samples' names have behind their family's.
const SUFFIXES: [&str; 6] = ["_total", "_bucket", "_count", "_sum", "_created", "_info"];

/// True if `name` is that of `family` or of a sample of it.
fn is_of(name: &str, family: &str) -> bool {
    let stem = |name: &str| {
        let cut = SUFFIXES.iter().find_map(|suffix| name.strip_suffix(suffix));
        cut.unwrap_or(name).to_owned()
    };
    // OpenMetrics calls a counter without the `_total` that it may be registered with.
    name == family
        || stem(name) == family
        || name == stem(family)
        || (stem(name) == stem(family) && family.ends_with("_total"))
}

impl Source for Registry {
    fn render(&self, exposition: Exposition, sink: &mut dyn FnMut(&[u8]) -> Result<(), Gone>) -> Result<(), Gone> {
        self.render_to(exposition, sink)
    }

    fn render_only(
        &self,
        names: &[String],
        exposition: Exposition,
        sink: &mut dyn FnMut(&[u8]) -> Result<(), Gone>,
    ) -> Result<(), Gone> {
        self.render_only_to(exposition, &|meta| is_wanted(names, meta), sink)
    }

    fn snapshot(&self) -> Snapshot {
        Registry::snapshot(self)
    }

    fn parts(&self, part: &mut dyn FnMut(&Family)) {
        self.snapshot_in_parts(part);
    }

    fn reset(&self) {
        Registry::reset(self);
    }

    fn set_hygiene(&self, hygiene: Hygiene) {
        Registry::set_hygiene(self, Some(hygiene));
    }
}

#[cfg(test)]
mod tests {
    use super::is_of;

    #[test]
    fn a_family_is_known_by_its_name_and_by_its_samples_names() {
        for (name, family) in [
            ("up", "up"),
            ("requests_total", "requests_total"),
            ("requests", "requests_total"),
            ("requests_created", "requests_total"),
            ("latency_bucket", "latency"),
            ("latency_sum", "latency"),
            ("latency", "latency"),
        ] {
            assert!(is_of(name, family), "{name} is of {family}");
        }
        for (name, family) in
            [("up", "uptime"), ("latency_bucket", "latency_count"), ("", "up"), ("requests_total", "request")]
        {
            assert!(!is_of(name, family), "{name} is not of {family}");
        }
    }
}
