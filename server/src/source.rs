//! What a server serves. Implemented here for a registry, and by doors whose hosts add families of their own.

use tykmetrics::{Exposition, Registry, Snapshot};

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

    /// The same as plain numbers.
    fn snapshot(&self) -> Snapshot;

    /// Sets what can be set back to zero: what an operator asked for, by the route that is off unless enabled.
    fn reset(&self);
}

impl Source for Registry {
    fn render(&self, exposition: Exposition, sink: &mut dyn FnMut(&[u8]) -> Result<(), Gone>) -> Result<(), Gone> {
        self.render_to(exposition, sink)
    }

    fn snapshot(&self) -> Snapshot {
        Registry::snapshot(self)
    }

    fn reset(&self) {
        Registry::reset(self);
    }
}
