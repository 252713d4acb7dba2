//! The process collector against what the kernel and procps say of this process.
#![cfg(target_os = "linux")]

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tykmetrics::collect::{Collector, ProcessCollector};
use tykmetrics::merge::snapshot::{Kind, Snapshot, Value};

/// Descriptors and threads belong to the whole process, so the tests take turns.
static TURN: Mutex<()> = Mutex::new(());

fn turn() -> std::sync::MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn collect(collector: &ProcessCollector) -> Snapshot {
    let mut snapshot = Snapshot::default();
    collector.collect(&mut snapshot);
    snapshot
}

fn value(snapshot: &Snapshot, name: &str) -> f64 {
    let family = snapshot.family(name).unwrap_or_else(|| panic!("no family {name}"));
    let series: Vec<_> = family.series().collect();
    assert_eq!(series.len(), 1, "{name} has one series");
    match series[0].value() {
        Value::Counter { whole, part } => *whole as f64 + part,
        Value::Gauge(value) => *value,
        other => panic!("{name} is {other:?}"),
    }
}

fn own(name: &str) -> f64 {
    value(&collect(&ProcessCollector::new()), name)
}

fn say(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn names(snapshot: &Snapshot) -> Vec<&str> {
    snapshot.families.iter().map(|f| f.meta.name.as_str()).collect()
}

#[test]
fn every_standard_family_is_there_with_its_kind() {
    let _turn = turn();
    let snapshot = collect(&ProcessCollector::new());
    let kinds: Vec<_> = snapshot.families.iter().map(|f| (f.meta.name.as_str(), f.meta.kind)).collect();
    assert_eq!(
        kinds,
        [
            ("process_cpu_seconds_total", Kind::Counter),
            ("process_virtual_memory_bytes", Kind::Gauge),
            ("process_virtual_memory_max_bytes", Kind::Gauge),
            ("process_resident_memory_bytes", Kind::Gauge),
            ("process_start_time_seconds", Kind::Gauge),
            ("process_open_fds", Kind::Gauge),
            ("process_max_fds", Kind::Gauge),
            ("process_threads", Kind::Gauge),
            ("process_network_receive_bytes_total", Kind::Counter),
            ("process_network_transmit_bytes_total", Kind::Counter),
        ]
    );
    assert!(snapshot.families.iter().all(|f| f.meta.help.ends_with('.')));
    for family in &snapshot.families {
        let base = family.meta.name.strip_suffix("_total").unwrap_or(&family.meta.name);
        assert!(base.ends_with(&family.meta.unit), "{} ends with its unit", family.meta.name);
    }
}

#[test]
fn a_namespace_goes_before_every_name() {
    let _turn = turn();
    let snapshot = collect(&ProcessCollector::new().namespace("gateway"));
    assert_eq!(snapshot.families.len(), 10);
    assert!(names(&snapshot).iter().all(|name| name.starts_with("gateway_process_")));
    assert_eq!(names(&collect(&ProcessCollector::new().namespace("")))[0], "process_cpu_seconds_total");
}

#[test]
fn the_start_is_where_ps_puts_it() {
    let _turn = turn();
    let age: f64 = say(Command::new("ps").args(["-o", "etimes=", "-p", &std::process::id().to_string()]))
        .parse()
        .expect("ps prints the age in seconds");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs_f64();
    let snapshot = collect(&ProcessCollector::new());
    let start = value(&snapshot, "process_start_time_seconds");
    assert!((now - age - start).abs() <= 2.0, "ps says {}, we say {start}", now - age);
    let cpu = snapshot.family("process_cpu_seconds_total").and_then(|f| f.series().next());
    assert_eq!(cpu.map(|series| series.created_ms()), Some((start * 1e3) as u64), "CPU time counts from the start");
}

#[test]
fn memory_is_what_ps_says() {
    let _turn = turn();
    let text = say(Command::new("ps").args(["-o", "vsz=,rss=", "-p", &std::process::id().to_string()]));
    let kilobytes: Vec<f64> = text.split_whitespace().map(|n| n.parse().expect("ps prints numbers")).collect();
    let snapshot = collect(&ProcessCollector::new());
    // Other tests of this file allocate meanwhile.
    let near = |ours: f64, theirs: f64, slack: f64| (ours - theirs * 1024.0).abs() <= slack;
    let virtual_bytes = value(&snapshot, "process_virtual_memory_bytes");
    let resident = value(&snapshot, "process_resident_memory_bytes");
    assert!(near(virtual_bytes, kilobytes[0], 256e6), "{virtual_bytes} against {} KiB", kilobytes[0]);
    assert!(near(resident, kilobytes[1], 16e6), "{resident} against {} KiB", kilobytes[1]);
}

#[test]
fn ten_more_files_are_ten_more_descriptors() {
    let _turn = turn();
    let before = own("process_open_fds");
    let files: Vec<File> = (0..10).map(|_| File::open("/proc/self/stat").expect("opens")).collect();
    assert_eq!(own("process_open_fds"), before + 10.0);
    drop(files);
    assert_eq!(own("process_open_fds"), before);
}

#[test]
fn the_folder_that_is_counted_is_not_counted() {
    let _turn = turn();
    // The shell lists another process' descriptors, so the one it lists through is not among them. It waits for a
    // line, so that it does not list the files we read for our own count.
    let script = format!("read go; ls /proc/{}/fd | wc -l", std::process::id());
    let mut shell = Command::new("sh");
    let mut child = shell.args(["-c", &script]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("sh runs");
    let mut go = child.stdin.take().expect("piped");
    let open = own("process_open_fds");
    go.write_all(b"go\n").expect("written");
    let output = child.wait_with_output().expect("sh ends");
    let listed: f64 = String::from_utf8_lossy(&output.stdout).trim().parse().expect("wc prints a number");
    assert_eq!(listed, open);
    drop(go);
}

#[test]
fn limits_are_those_of_prlimit() {
    let _turn = turn();
    let text = say(Command::new("prlimit")
        .args(["--noheadings", "--output=SOFT", "--nofile", "--pid"])
        .arg(std::process::id().to_string()));
    assert_eq!(own("process_max_fds"), text.parse::<f64>().expect("a number"));
    let text = say(Command::new("prlimit")
        .args(["--noheadings", "--output=SOFT", "--as", "--pid"])
        .arg(std::process::id().to_string()));
    let expected = if text == "unlimited" { u64::MAX as f64 } else { text.parse().expect("a number") };
    assert_eq!(own("process_virtual_memory_max_bytes"), expected);
}

#[test]
fn three_more_threads_are_three_more() {
    let _turn = turn();
    let listed = || fs::read_dir("/proc/self/task").expect("listed").count() as f64;
    std::thread::scope(|scope| {
        let mut holds = Vec::new();
        for _ in 0..3 {
            let (hold, held) = std::sync::mpsc::channel::<()>();
            holds.push(hold);
            scope.spawn(move || held.recv());
        }
        // The test harness starts and ends threads of its own beside us: compare when nothing moves.
        let settled = (0..200).any(|_| {
            let (first, ours, last) = (listed(), own("process_threads"), listed());
            std::thread::sleep(Duration::from_millis(5));
            first == ours && ours == last
        });
        assert!(settled, "process_threads equals the length of /proc/self/task");
        assert!(own("process_threads") >= 4.0, "three threads of ours and the one that asks");
    });
}

#[test]
fn cpu_time_grows_with_work() {
    let _turn = turn();
    let before = own("process_cpu_seconds_total");
    let start = Instant::now();
    let mut sink = 0_u64;
    while own("process_cpu_seconds_total") < before + 0.05 {
        for i in 0..200_000_u64 {
            sink = std::hint::black_box(sink.wrapping_mul(31).wrapping_add(i));
        }
        assert!(start.elapsed() < Duration::from_secs(60), "a minute of work is not counted");
    }
    assert!(own("process_cpu_seconds_total") >= before + 0.05);
}

#[test]
fn bytes_over_loopback_are_counted() {
    let _turn = turn();
    let before = own("process_network_receive_bytes_total");
    let sent_before = own("process_network_transmit_bytes_total");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("binds");
    let mut client = std::net::TcpStream::connect(listener.local_addr().expect("bound")).expect("connects");
    let (mut server, _) = listener.accept().expect("accepts");
    client.write_all(&[7; 20_000]).expect("writes");
    let mut back = vec![0; 20_000];
    server.read_exact(&mut back).expect("reads");
    assert!(own("process_network_receive_bytes_total") >= before + 20_000.0);
    assert!(own("process_network_transmit_bytes_total") >= sent_before + 20_000.0);
}

#[test]
fn another_process_is_read_by_its_number() {
    let _turn = turn();
    let mut child = Command::new("sleep").arg("60").spawn().expect("sleep runs");
    let snapshot = collect(&ProcessCollector::new().pid(child.id()));
    assert_eq!(value(&snapshot, "process_threads"), 1.0);
    child.kill().expect("killed");
    child.wait().expect("reaped");
    assert!(
        collect(&ProcessCollector::new().pid(child.id())).families.is_empty(),
        "a process that is gone says nothing"
    );
}

/// A folder that is removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("tykmetrics-{name}-{}", std::process::id()));
        fs::create_dir_all(path.join("self/fd")).expect("made");
        fs::create_dir_all(path.join("self/net")).expect("made");
        Folder(path)
    }

    fn put(&self, name: impl AsRef<Path>, text: &str) -> &Self {
        fs::write(self.0.join(name), text).expect("written");
        self
    }

    fn collect(&self) -> Snapshot {
        collect(&ProcessCollector::new().proc_root(&self.0))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_file_that_is_missing_takes_only_its_families_along() {
    let _turn = turn();
    let folder = Folder::new("missing");
    assert_eq!(names(&folder.collect()), ["process_open_fds"], "an empty folder has no descriptors, and that is known");

    folder.put("self/stat", "7 (a b) c) S 1 1 1 0 -1 0 0 0 0 0 250 75 0 0 20 0 3 0 500 8192 2 0\n");
    let snapshot = folder.collect();
    assert!(snapshot.family("process_start_time_seconds").is_none(), "no boot time, no start");
    assert!(snapshot.family("process_max_fds").is_none(), "the limits of another root are not ours");
    assert_eq!(value(&snapshot, "process_threads"), 3.0);
    assert_eq!(value(&snapshot, "process_virtual_memory_bytes"), 8192.0);

    folder.put("stat", "cpu 1 2 3\nbtime 1700000000\n").put("self/fd/0", "").put("self/fd/1", "");
    folder.put("self/limits", "Max open files            64                   128                  files     \n");
    folder.put("self/net/netstat", "IpExt: InOctets OutOctets\nIpExt: 11 22\n");
    let snapshot = folder.collect();
    assert_eq!(value(&snapshot, "process_open_fds"), 2.0, "a list that is not our own is taken whole");
    assert_eq!(value(&snapshot, "process_max_fds"), 64.0);
    assert_eq!(value(&snapshot, "process_network_receive_bytes_total"), 11.0);
    assert_eq!(value(&snapshot, "process_network_transmit_bytes_total"), 22.0);
    let hz: f64 = say(Command::new("getconf").arg("CLK_TCK")).parse().expect("a number");
    let page: f64 = say(Command::new("getconf").arg("PAGESIZE")).parse().expect("a number");
    assert_eq!(value(&snapshot, "process_start_time_seconds"), 1.7e9 + 500.0 / hz);
    assert!((value(&snapshot, "process_cpu_seconds_total") - 325.0 / hz).abs() < 1e-9);
    assert_eq!(value(&snapshot, "process_resident_memory_bytes"), 2.0 * page);
    assert!(snapshot.family("process_virtual_memory_max_bytes").is_none());
}

#[test]
fn odd_files_are_left_out() {
    let _turn = turn();
    let folder = Folder::new("odd");
    folder
        .put("self/stat", ")")
        .put("stat", "btime -1")
        .put("self/limits", "Max open files")
        .put("self/net/netstat", "IpExt:");
    assert_eq!(names(&folder.collect()), ["process_open_fds"]);
    assert!(collect(&ProcessCollector::new().proc_root("/nowhere")).families.is_empty());
    assert!(collect(&ProcessCollector::new().proc_root("/no\0where")).families.is_empty());
}
