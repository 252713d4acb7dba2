//! `tyk_collector`: a host's function that makes families at scrape.

use crate::callback::User;
use crate::families::tyk_families;
use engine::snapshot::Snapshot;
use engine::{Collector, Error, ErrorCode, NameRule, Result};
use std::ffi::c_void;

/// A function that makes families at every scrape, on the scraping thread and with no lock held. It may not render the
/// registry it is registered with.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tyk_collector {
    /// Adds families to `into`, by tyk_families_…; `into` is only valid during the call.
    pub collect: Option<unsafe extern "C" fn(user: *mut c_void, into: *mut tyk_families)>,
    /// Called once, when the collector is used no more. May be NULL.
    pub drop: Option<unsafe extern "C" fn(user: *mut c_void)>,
    /// Given to both.
    pub user: *mut c_void,
}

/// A host's collector as the engine takes it.
pub(crate) struct HostCollector {
    collect: unsafe extern "C" fn(user: *mut c_void, into: *mut tyk_families),
    user: User,
    names: NameRule,
}

impl HostCollector {
    pub(crate) fn new(collector: &tyk_collector, names: NameRule) -> Result<HostCollector> {
        let Some(collect) = collector.collect else {
            let message = "argument `collector->collect` is NULL, and must not be";
            return Err(Error::new(ErrorCode::NullPointer, message));
        };
        Ok(HostCollector { collect, user: User::new(collector.user, collector.drop), names })
    }
}

impl Collector for HostCollector {
    fn collect(&self, into: &mut Snapshot) {
        let mut families = tyk_families::new(self.names);
        // SAFETY: the rules of the header; `families` lives as long as the call.
        unsafe { (self.collect)(self.user.pointer, &raw mut families) };
        into.families.append(&mut families.made());
    }
}
