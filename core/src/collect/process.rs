//! The standard `process_*` families.
//!
//! Names and help are those of Prometheus' own client libraries, so dashboards made for them work. Linux' `proc` file
//! system is read at every snapshot; a family whose file is missing, unreadable or odd is left out and the others
//! stay. Elsewhere on Unix the calling process' CPU time and limits come from the C library, and nothing more is
//! said. `procfs` reads the texts. Bytes over the network are those of the process' network namespace: Linux keeps no
//! count per process.

use super::{Collector, procfs};
use crate::merge::snapshot::{Family, Kind, Meta, Row, Snapshot, Value};
use std::path::{Path, PathBuf};

/// Reads the process' CPU time, memory, threads, descriptors and network bytes at every snapshot.
#[derive(Debug, Clone)]
pub struct ProcessCollector {
    prefix: String,
    root: PathBuf,
    pid: Option<u32>,
    page_bytes: u64,
    ticks_per_second: u64,
}

impl Default for ProcessCollector {
    fn default() -> Self {
        Self::new()
    }
}

impl ProcessCollector {
    /// A collector for the calling process; a child made by `fork` reports itself.
    pub fn new() -> Self {
        ProcessCollector {
            prefix: String::new(),
            root: PathBuf::from("/proc"),
            pid: None,
            page_bytes: os::page_bytes(),
            ticks_per_second: os::ticks_per_second(),
        }
    }

    /// Puts `namespace` and an underscore before every name; an empty one changes nothing.
    #[must_use]
    pub fn namespace(mut self, namespace: &str) -> Self {
        self.prefix = if namespace.is_empty() { String::new() } else { format!("{namespace}_") };
        self
    }

    /// Reports the process `pid` instead of the calling one. Once it is gone, so are its families.
    #[must_use]
    pub fn pid(mut self, pid: u32) -> Self {
        self.pid = Some(pid);
        self
    }

    /// Reads below `root` instead of `/proc`: the host's `proc` mounted in a container, or a test's folder.
    #[must_use]
    pub fn proc_root(mut self, root: impl Into<PathBuf>) -> Self {
        self.root = root.into();
        self
    }

    /// The folder of the process.
    fn folder(&self) -> PathBuf {
        match self.pid {
            Some(pid) => self.root.join(pid.to_string()),
            None => self.root.join("self"),
        }
    }

    /// True if the C library can speak for the process: it is the calling one, and no other root was asked for.
    fn is_own(&self) -> bool {
        self.pid.is_none_or(|pid| pid == std::process::id()) && self.root == Path::new("/proc")
    }

    /// Unix time of the start, in seconds.
    ///
    /// The boot time is read again at every snapshot: it moves when the wall clock is set, and then the start has
    /// to move along for `time() - process_start_time_seconds` to stay the age of the process.
    fn start_seconds(&self, stat: &procfs::Stat) -> Option<f64> {
        let boot = procfs::boot_time(&std::fs::read(self.root.join("stat")).ok()?)?;
        Some(boot as f64 + stat.start_ticks as f64 / self.ticks_per_second as f64)
    }

    fn limit(&self, limits: Option<&[u8]>, line: &str, own: fn() -> Option<u64>) -> Option<f64> {
        let soft = match limits {
            Some(bytes) => procfs::soft_limit(bytes, line),
            None if self.is_own() => own(),
            None => None,
        };
        soft.map(|value| value as f64)
    }
}

impl Collector for ProcessCollector {
    fn collect(&self, into: &mut Snapshot) {
        let folder = self.folder();
        let stat = std::fs::read(folder.join("stat")).ok().and_then(|bytes| procfs::stat(&bytes));
        let limits = std::fs::read(folder.join("limits")).ok();
        let limits = limits.as_deref();
        let (received, sent) =
            std::fs::read(folder.join("net/netstat")).map_or((None, None), |bytes| procfs::ip_octets(&bytes));
        let start = stat.and_then(|stat| self.start_seconds(&stat));
        let cpu = match stat {
            Some(stat) => {
                let (whole, rest) = (stat.cpu_ticks / self.ticks_per_second, stat.cpu_ticks % self.ticks_per_second);
                Some(Value::Counter { whole, part: rest as f64 / self.ticks_per_second as f64 })
            }
            None if self.is_own() => os::cpu_seconds().map(|part| Value::Counter { whole: 0, part }),
            None => None,
        };
        let bytes = |count: u64| Value::Counter { whole: count, part: 0.0 };

        // CPU time counts from the start of the process; the network's from a moment nobody keeps.
        let start_ms = start.map_or(0, |seconds| (seconds * 1e3) as u64);
        let mut say = |name: &str, value: Option<Value>| self.say(into, name, value, start_ms);
        say("process_cpu_seconds_total", cpu);
        say("process_virtual_memory_bytes", stat.map(|s| Value::Gauge(s.virtual_bytes as f64)));
        say(
            "process_virtual_memory_max_bytes",
            self.limit(limits, "Max address space", os::address_space_limit).map(Value::Gauge),
        );
        let resident = stat.map(|s| s.resident_pages.saturating_mul(self.page_bytes));
        say("process_resident_memory_bytes", resident.map(|bytes| Value::Gauge(bytes as f64)));
        say("process_start_time_seconds", start.map(Value::Gauge));
        say("process_open_fds", self.open_descriptors(&folder.join("fd")).map(|n| Value::Gauge(n as f64)));
        say("process_max_fds", self.limit(limits, "Max open files", os::descriptor_limit).map(Value::Gauge));
        say("process_threads", stat.map(|s| Value::Gauge(s.threads as f64)));
        say("process_network_receive_bytes_total", received.map(bytes));
        say("process_network_transmit_bytes_total", sent.map(bytes));
    }
}

/// `(name, unit, help)`, the help as Prometheus' Go, Python and Rust clients word it.
const HELP: [(&str, &str, &str); 10] = [
    ("process_cpu_seconds_total", "seconds", "Total user and system CPU time spent in seconds."),
    ("process_virtual_memory_bytes", "bytes", "Virtual memory size in bytes."),
    ("process_virtual_memory_max_bytes", "bytes", "Maximum amount of virtual memory available in bytes."),
    ("process_resident_memory_bytes", "bytes", "Resident memory size in bytes."),
    ("process_start_time_seconds", "seconds", "Start time of the process since unix epoch in seconds."),
    ("process_open_fds", "", "Number of open file descriptors."),
    ("process_max_fds", "", "Maximum number of open file descriptors."),
    ("process_threads", "", "Number of OS threads in the process."),
    ("process_network_receive_bytes_total", "bytes", "Number of bytes received by the process over the network."),
    ("process_network_transmit_bytes_total", "bytes", "Number of bytes sent by the process over the network."),
];

impl ProcessCollector {
    /// Pushes the family `name` with its one series, if there is a value.
    fn say(&self, into: &mut Snapshot, name: &str, value: Option<Value>, start_ms: u64) {
        let Some(value) = value else { return };
        let (_, unit, help) = HELP.iter().find(|(known, _, _)| *known == name).copied().unwrap_or((name, "", ""));
        let kind = if matches!(value, Value::Counter { .. }) { Kind::Counter } else { Kind::Gauge };
        let meta = Meta {
            name: format!("{}{name}", self.prefix),
            help: help.to_owned(),
            unit: unit.to_owned(),
            kind,
            ..Meta::default()
        };
        let created_ms = if name == "process_cpu_seconds_total" { start_ms } else { 0 };
        let mut family = Family::new(meta);
        family.push_row(&Row { names: &[], values: &[], value: &value, created_ms, exemplars: &[] });
        into.families.push(family);
    }

    /// How many descriptors are open.
    ///
    /// Linux 6.2 and later say it as the size of the folder, and nothing has to be opened. Older ones list them, and
    /// the list a process reads of itself holds the descriptor it is read through.
    fn open_descriptors(&self, folder: &Path) -> Option<u64> {
        let real = os::is_proc(folder);
        if real && let Some(count) = std::fs::metadata(folder).ok().map(|m| m.len()).filter(|count| *count > 0) {
            return Some(count);
        }
        let listed = list_length(folder)?;
        let own = real && self.pid.is_none_or(|pid| pid == std::process::id());
        Some(if own { listed.saturating_sub(1) } else { listed })
    }
}

/// How many entries a folder has; nothing if it cannot be read to its end.
fn list_length(folder: &Path) -> Option<u64> {
    let mut count = 0;
    for entry in std::fs::read_dir(folder).ok()? {
        entry.ok()?;
        count += 1;
    }
    Some(count)
}

/// What the C library says of the machine and of the calling process.
#[cfg(unix)]
mod os {
    use std::path::Path;

    /// Bytes per page; 4096, the most common size, if the C library does not say.
    pub(super) fn page_bytes() -> u64 {
        sysconf(libc::_SC_PAGESIZE).unwrap_or(4096)
    }

    /// Clock ticks per second; 100, what Linux shows to programs on every common architecture, if the C library does
    /// not say.
    pub(super) fn ticks_per_second() -> u64 {
        sysconf(libc::_SC_CLK_TCK).unwrap_or(100)
    }

    fn sysconf(name: libc::c_int) -> Option<u64> {
        // SAFETY: sysconf takes any number and touches no memory of ours.
        let value = unsafe { libc::sysconf(name) };
        u64::try_from(value).ok().filter(|value| *value > 0)
    }

    pub(super) fn descriptor_limit() -> Option<u64> {
        let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        // SAFETY: `limit` is a live rlimit that the call may write.
        let done = unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) };
        (done == 0).then(|| soft(limit.rlim_cur))
    }

    pub(super) fn address_space_limit() -> Option<u64> {
        let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        // SAFETY: `limit` is a live rlimit that the call may write.
        let done = unsafe { libc::getrlimit(libc::RLIMIT_AS, &raw mut limit) };
        (done == 0).then(|| soft(limit.rlim_cur))
    }

    /// No limit is the largest number, as in `/proc/<pid>/limits`. Some platforms say it with a smaller one of their
    /// own.
    #[allow(clippy::unnecessary_cast, clippy::useless_conversion, reason = "rlim_t is not u64 everywhere")]
    fn soft(limit: libc::rlim_t) -> u64 {
        if limit == libc::RLIM_INFINITY { u64::MAX } else { limit as u64 }
    }

    pub(super) fn cpu_seconds() -> Option<f64> {
        // SAFETY: rusage is plain numbers, for which all zeroes is a value.
        let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
        // SAFETY: `usage` is a live rusage that the call may write.
        let done = unsafe { libc::getrusage(libc::RUSAGE_SELF, &raw mut usage) };
        let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
        (done == 0).then(|| seconds(usage.ru_utime) + seconds(usage.ru_stime))
    }

    /// True if `path` lies in a `proc` file system, not in a folder that looks like one.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(super) fn is_proc(path: &Path) -> bool {
        use std::os::unix::ffi::OsStrExt;
        let Ok(path) = std::ffi::CString::new(path.as_os_str().as_bytes()) else { return false };
        // SAFETY: statfs is plain numbers, for which all zeroes is a value.
        let mut about: libc::statfs = unsafe { std::mem::zeroed() };
        // SAFETY: `path` ends with a NUL and lives through the call; `about` is a live statfs that it may write.
        let done = unsafe { libc::statfs(path.as_ptr(), &raw mut about) };
        #[allow(clippy::unnecessary_cast, reason = "the two are not i64 everywhere")]
        let same = about.f_type as i64 == libc::PROC_SUPER_MAGIC as i64;
        done == 0 && same
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    pub(super) fn is_proc(_path: &Path) -> bool {
        false
    }
}

/// No C library to ask: what is read from files is all there is.
#[cfg(not(unix))]
mod os {
    use std::path::Path;

    pub(super) fn page_bytes() -> u64 {
        4096
    }

    pub(super) fn ticks_per_second() -> u64 {
        100
    }

    pub(super) fn descriptor_limit() -> Option<u64> {
        None
    }

    pub(super) fn address_space_limit() -> Option<u64> {
        None
    }

    pub(super) fn cpu_seconds() -> Option<f64> {
        None
    }

    pub(super) fn is_proc(_path: &Path) -> bool {
        false
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_process_lists_one_descriptor_more_than_it_has_open() {
        let folder = Path::new("/proc/self/fd");
        // Tests beside this one open and close files, so the two are compared until nothing moved between them.
        let agreed = (0..1000).any(|_| {
            let size = std::fs::metadata(folder).map_or(0, |m| m.len());
            // Kernels before 6.2 have no size here, and then there is nothing to compare the list with.
            size == 0 || list_length(folder) == Some(size + 1)
        });
        assert!(agreed);
    }

    #[test]
    fn the_c_library_agrees_with_the_proc_file_system() {
        let limits = std::fs::read("/proc/self/limits").unwrap_or_default();
        assert_eq!(os::descriptor_limit(), procfs::soft_limit(&limits, "Max open files"));
        assert_eq!(os::address_space_limit(), procfs::soft_limit(&limits, "Max address space"));
        let ours = os::cpu_seconds().unwrap_or(f64::NAN);
        let stat = std::fs::read("/proc/self/stat").ok().and_then(|bytes| procfs::stat(&bytes));
        let theirs = stat.map_or(f64::NAN, |s| s.cpu_ticks as f64 / os::ticks_per_second() as f64);
        // Other tests of this program run between the two questions.
        assert!((ours - theirs).abs() < 0.5, "{ours} against {theirs}");
    }

    #[test]
    fn a_folder_that_looks_like_proc_is_not() {
        assert!(os::is_proc(Path::new("/proc/self/fd")));
        assert!(!os::is_proc(&std::env::temp_dir()));
    }
}
