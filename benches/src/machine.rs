//! What ran: machine, kernel, compiler, commit and date; and which core a thread runs on.
//!
//! `report` prints it, `measure` and `scrape` pin with it. What cannot be found out is "unknown", never an error.

use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Where and with what a record was made.
pub(crate) struct Machine {
    pub(crate) cpu: String,
    pub(crate) cores: usize,
    pub(crate) kernel: String,
    pub(crate) rustc: String,
    pub(crate) commit: String,
    pub(crate) date: String,
}

impl Machine {
    pub(crate) fn this() -> Self {
        let unknown = || "unknown".to_owned();
        let changed = output("git", &["status", "--porcelain", "--untracked-files=no"]).is_some_and(|s| !s.is_empty());
        let commit = output("git", &["rev-parse", "--short=12", "HEAD"]).unwrap_or_else(unknown);
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        Self {
            cpu: cpu_model().unwrap_or_else(unknown),
            cores: allowed_cores().len(),
            kernel: output("uname", &["-sr"]).unwrap_or_else(unknown),
            rustc: output("rustc", &["--version"]).unwrap_or_else(unknown),
            commit: if changed { format!("{commit} with changes") } else { commit },
            date: date_of(seconds / 86_400),
        }
    }

    /// A folder name for records of this kind of machine.
    pub(crate) fn slug(&self) -> String {
        slug(&format!("{} {} {} cores", std::env::consts::ARCH, self.cpu, self.cores))
    }
}

fn slug(text: &str) -> String {
    let words = text.to_lowercase();
    let words = words.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-")
}

fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn cpu_model() -> Option<String> {
    let info = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = info.lines().find(|line| line.starts_with("model name") || line.starts_with("Model"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// The civil date of a day counted from 1970-01-01 (Hinnant, "chrono-compatible low-level date algorithms").
fn date_of(day: u64) -> String {
    let shifted = day + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

/// The cores that this process was allowed when it was first asked; a later pin changes nothing here.
fn allowed_cores() -> &'static [usize] {
    static CORES: std::sync::OnceLock<Vec<usize>> = std::sync::OnceLock::new();
    CORES.get_or_init(read_allowed_cores)
}

#[cfg(target_os = "linux")]
fn read_allowed_cores() -> Vec<usize> {
    // SAFETY: a `cpu_set_t` is plain bits, of which all zero is the empty set.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: `set` is writable and of the size that is passed; 0 means the calling thread.
    let failed = unsafe { libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), &mut set) } != 0;
    if failed {
        return vec![0];
    }
    // SAFETY: every index is below the size of the set.
    (0..libc::CPU_SETSIZE as usize).filter(|&core| unsafe { libc::CPU_ISSET(core, &set) }).collect()
}

#[cfg(not(target_os = "linux"))]
fn read_allowed_cores() -> Vec<usize> {
    (0..std::thread::available_parallelism().map_or(1, usize::from)).collect()
}

/// How many cores there are to pin to.
pub(crate) fn cores() -> usize {
    allowed_cores().len()
}

/// Keeps the calling thread on the `index`th allowed core, counted round; where that cannot be had, it runs free.
pub(crate) fn pin(index: usize) {
    let cores = allowed_cores();
    #[cfg(target_os = "linux")]
    if let Some(&core) = cores.get(index % cores.len().max(1)) {
        // SAFETY: a `cpu_set_t` is plain bits, of which all zero is the empty set.
        let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
        // SAFETY: `core` came from such a set and is below its size.
        unsafe { libc::CPU_SET(core, &mut set) };
        // SAFETY: `set` is readable and of the size that is passed; 0 means the calling thread.
        unsafe { libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &set) };
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (index, cores);
}

/// Lets the calling thread, and those it starts, run on every core.
pub(crate) fn run_free() {
    #[cfg(target_os = "linux")]
    {
        // SAFETY: a `cpu_set_t` is plain bits, of which all zero is the empty set.
        let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
        for &core in allowed_cores() {
            // SAFETY: `core` came from such a set and is below its size.
            unsafe { libc::CPU_SET(core, &mut set) };
        }
        // SAFETY: `set` is readable and of the size that is passed; 0 means the calling thread.
        unsafe { libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &set) };
    }
}

/// How often the kernel has taken the core from the calling thread against its will.
pub(crate) fn preemptions() -> u64 {
    #[cfg(target_os = "linux")]
    {
        // SAFETY: a `rusage` is plain integers, of which all zero is a value.
        let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
        // SAFETY: `usage` is writable.
        unsafe { libc::getrusage(libc::RUSAGE_THREAD, &mut usage) };
        usage.ru_nivcsw.try_into().unwrap_or(0)
    }
    #[cfg(not(target_os = "linux"))]
    0
}

/// How long the calling thread has had a core.
pub(crate) fn cpu_time() -> Duration {
    clock(libc::CLOCK_THREAD_CPUTIME_ID)
}

/// How long all threads of the process together have had cores.
pub(crate) fn process_cpu_time() -> Duration {
    clock(libc::CLOCK_PROCESS_CPUTIME_ID)
}

fn clock(which: libc::clockid_t) -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is writable.
    unsafe { libc::clock_gettime(which, &mut time) };
    Duration::new(time.tv_sec.try_into().unwrap_or(0), time.tv_nsec.try_into().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_follow_the_calendar() {
        // Checked with `date -u -d @$((day * 86400)) +%F`.
        assert_eq!(date_of(0), "1970-01-01");
        assert_eq!(date_of(11_016), "2000-02-29");
        assert_eq!(date_of(20_777), "2026-11-20");
    }

    #[test]
    fn a_slug_has_no_blanks_or_marks() {
        assert_eq!(slug("x86_64 AMD EPYC (TM) 9V74, 2 cores"), "x86_64-amd-epyc-tm-9v74-2-cores");
    }

    #[test]
    fn a_sleeping_thread_has_no_core() {
        let before = cpu_time();
        std::thread::sleep(Duration::from_millis(50));
        assert!(cpu_time() - before < Duration::from_millis(25));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_pinned_thread_runs_on_its_core() {
        let thread = std::thread::spawn(|| {
            let first = allowed_cores()[0];
            pin(0);
            // SAFETY: the call takes nothing and reads a number.
            (first, unsafe { libc::sched_getcpu() })
        });
        let (asked, got) = thread.join().expect("the thread does not panic");
        assert_eq!(asked as i32, got);
    }
}
