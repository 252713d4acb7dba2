//! Servers to ask, sources to serve, and a client that does what a test says, right or wrong.

pub(crate) mod certificates;
pub(crate) mod http;
pub(crate) mod http2;
pub(crate) mod sources;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tykmetrics::Registry;
use tykmetrics_server::config::{Auth, Config, Limits, Listen};
use tykmetrics_server::{Address, Running, Source};

/// More than anything here takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// The default configuration at a port that is free.
pub(crate) fn config() -> Config {
    Config { listen: Listen::Tcp("127.0.0.1".into(), 0), ..Config::default() }
}

/// As [`config`], with other limits.
pub(crate) fn limited(change: impl FnOnce(&mut Limits)) -> Config {
    let mut config = config();
    change(&mut config.limits);
    config
}

/// A name, a password and a token.
pub(crate) fn secrets() -> Auth {
    Auth { basic: Some(("tester".into(), "pass:word".into())), bearer: Some("token".into()) }
}

/// `tester:pass:word` in base 64.
pub(crate) const BASIC: &str = "Authorization: Basic dGVzdGVyOnBhc3M6d29yZA==";

/// Starts a server that has nothing to say.
pub(crate) fn start(config: Config, source: impl Source) -> Running {
    tykmetrics_server::start(config, source).expect("the server starts")
}

/// What a server's operator was told.
#[derive(Clone, Default)]
pub(crate) struct Told(Arc<Mutex<Vec<String>>>);

impl Told {
    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().expect("no panic").clone()
    }
}

pub(crate) fn start_told(config: Config, source: impl Source) -> (Running, Told) {
    let told = Told::default();
    let log = told.clone();
    let running = tykmetrics_server::start_logged(config, source, move |message| {
        log.0.lock().expect("no panic").push(message.to_owned());
    });
    (running.expect("the server starts"), told)
}

pub(crate) fn port(running: &Running) -> u16 {
    match running.address() {
        Address::Tcp(address) => address.port(),
        Address::Unix(path) => panic!("{} is no port", path.display()),
    }
}

/// A server's socket that listens. Who is given its port when that is free has another one.
pub(crate) struct Listening(String);

impl Listening {
    pub(crate) fn of(running: &Running) -> Listening {
        let end = format!(":{:04X}", port(running));
        let mut found = None;
        // A table that changes while it is read may lack a row.
        until("the system shows the socket", || {
            found = listening().into_iter().find(|(at, _)| at.ends_with(&end));
            found.is_some()
        });
        Listening(found.expect("seen").1)
    }

    /// True until nobody holds the socket any more, and the port is free.
    pub(crate) fn is_there(&self) -> bool {
        listening().iter().any(|(_, inode)| *inode == self.0)
    }
}

/// Sockets of IPv4 that listen: where, and their inodes.
fn listening() -> Vec<(String, String)> {
    let table = std::fs::read_to_string("/proc/net/tcp").expect("Linux tells");
    let rows = table.lines().map(|line| line.split_ascii_whitespace().collect::<Vec<_>>());
    // 0A is LISTEN.
    rows.filter(|row| row.get(3) == Some(&"0A")).map(|row| (row[1].to_owned(), row[9].to_owned())).collect()
}

/// Sets how many descriptors this process may have, and gives how many it may have then.
pub(crate) fn set_descriptors(wanted: u64) -> u64 {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is a live rlimit that the call may write.
    assert_eq!(unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) }, 0);
    limit.rlim_cur = wanted.min(limit.rlim_max);
    // SAFETY: as before; the call only reads it.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) }, 0);
    limit.rlim_cur
}

/// Runs a test again in a process of its own, where no other test has threads; true in that process.
pub(crate) fn alone(test: &str) -> bool {
    if std::env::var_os("TYKMETRICS_ALONE").is_some() {
        return true;
    }
    let program = std::env::current_exe().expect("this program");
    let output = Command::new(program).args(["--exact", test, "--nocapture"]).env("TYKMETRICS_ALONE", "1").output();
    let output = output.expect("it runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
    false
}

/// A registry with a family of each common kind.
pub(crate) fn registry() -> Registry {
    let registry = Registry::new();
    let requests = registry.counter("http_requests_total", "Requests.").labels(["path", "code"]).register();
    let requests = requests.expect("a counter");
    requests.add(["/", "200"], 90);
    requests.add(["/", "503"], 10);
    registry.gauge("temperature_celsius", "Outside.").register().expect("a gauge").set(21.5);
    registry.histogram("latency_seconds", "Time to answer.").register().expect("a histogram").observe(0.25);
    registry
}

/// A registry whose text is some megabytes.
pub(crate) fn large(series: usize) -> Registry {
    let registry = Registry::new();
    let family = registry
        .counter("visits_total", "Visits.")
        .labels(["site", "number"])
        .limit(series as u32 + 1)
        .register()
        .expect("a counter");
    for number in 0..series {
        family.add([format!("site-{}", number % 100).as_str(), number.to_string().as_str()], 1);
    }
    registry
}

/// Waits until something is so.
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A folder of a test's own, gone with it.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Folder {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let name = format!("tyk-{}-{}", std::process::id(), COUNT.fetch_add(1, Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).expect("a folder");
        Folder(path)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).expect("a file");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A program that tests compare with; one that is missing fails them.
pub(crate) fn tool(variable: &str, place: &str) -> PathBuf {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let path = std::env::var_os(variable).map_or_else(|| repository.join(place), PathBuf::from);
    assert!(path.exists(), "{} is missing: run `make tools`, or set {variable}", path.display());
    path
}
