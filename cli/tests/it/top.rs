//! `top` on a terminal: a pseudo-terminal of the kernel's, whose other end is the test.

use crate::support::{Served, kill, program, run, text};
use rustix::process::Signal;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::process::Child;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A program on a terminal.
struct Terminal {
    /// Our end.
    master: File,
    /// The program's end, held so that its modes can be asked for when the program is gone.
    slave: File,
    child: Child,
    shown: Arc<Mutex<Vec<u8>>>,
}

/// What no test waits for longer than.
const PATIENCE: Duration = Duration::from_secs(20);

impl Terminal {
    fn start(arguments: &[&str]) -> Self {
        Terminal::with(&[], arguments)
    }

    fn with(environment: &[(&str, &str)], arguments: &[&str]) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let slave = File::options().read(true).write(true).open(std::ffi::OsStr::from_bytes(name.as_bytes())).unwrap();
        let master = File::from(master);
        resize(&master, 100, 30);
        let end = || slave.try_clone().unwrap();
        let child = program()
            .args(arguments)
            .env("TERM", "xterm")
            .envs(environment.iter().copied())
            .stdin(end())
            .stdout(end())
            .stderr(end())
            .spawn()
            .unwrap();
        let shown = Arc::new(Mutex::new(Vec::new()));
        let (mut reader, kept) = (master.try_clone().unwrap(), Arc::clone(&shown));
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = reader.read(&mut bytes) {
                kept.lock().unwrap().extend_from_slice(&bytes[..count]);
            }
        });
        Terminal { master, slave, child, shown }
    }

    /// Waits until this is shown, and forgets what was shown up to then.
    fn wait_for(&self, wanted: &str) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            let mut shown = self.shown.lock().unwrap();
            let text = String::from_utf8_lossy(&shown).into_owned();
            if let Some(at) = text.find(wanted) {
                let end = at + wanted.len();
                *shown = text.as_bytes()[end..].to_vec();
                return text[..end].to_owned();
            }
            drop(shown);
            assert!(Instant::now() < until, "{wanted:?} is not shown: {text:?}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn press(&mut self, keys: &str) {
        self.master.write_all(keys.as_bytes()).unwrap();
    }

    /// Whether the terminal takes lines and echoes them, as a shell finds and leaves it.
    fn is_cooked(&self) -> bool {
        let modes = tcgetattr(&self.slave).unwrap().local_modes;
        modes.contains(LocalModes::ICANON | LocalModes::ECHO)
    }

    /// Waits for the program's end, and gives its status.
    fn end(&mut self) -> Option<i32> {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(Instant::now() < until, "it does not end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It is gone already if the test ended it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn resize(master: &File, columns: u16, rows: u16) {
    tcsetwinsize(master, Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
}

const ENTER_PAGE: &str = "\x1b[?1049h";
const LEAVE_PAGE: &str = "\x1b[?1049l";

#[test]
fn keys_change_the_view_and_q_gives_the_terminal_back() {
    let served = Served::start(&[]);
    let mut terminal = Terminal::start(&["top", "--interval", "200ms", &served.url]);
    terminal.wait_for(ENTER_PAGE);
    terminal.wait_for("http_requests_total");
    assert!(!terminal.is_cooked());
    // A rate comes with the second scrape.
    terminal.wait_for("requests/s");
    terminal.press("2");
    terminal.wait_for("[2 families]");
    terminal.wait_for("grows by");
    terminal.press("/in_flight\r");
    terminal.wait_for("only \"in_flight\"");
    terminal.press("s");
    terminal.wait_for("by name");
    terminal.press("p");
    terminal.wait_for("paused");
    terminal.press("q");
    assert_eq!(terminal.end(), Some(0));
    terminal.wait_for(LEAVE_PAGE);
    assert!(terminal.is_cooked());
}

#[test]
fn a_new_size_is_drawn_at_once() {
    let served = Served::start(&[]);
    let mut terminal = Terminal::start(&["top", "--interval", "60s", &served.url]);
    terminal.wait_for("q quit");
    let before = terminal.wait_for("q quit");
    // The line of keys is the last one.
    assert!(before.contains("\x1b[30;1H"), "{before:?}");
    resize(&terminal.master, 90, 12);
    kill(&terminal.child, Signal::WINCH);
    let after = terminal.wait_for("q quit");
    assert!(after.contains("\x1b[12;1H") && !after.contains("\x1b[13;1H"), "{after:?}");
    terminal.press("\x03");
    assert_eq!(terminal.end(), Some(0));
    assert!(terminal.is_cooked());
}

#[test]
fn a_signal_gives_the_terminal_back() {
    let served = Served::start(&[]);
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let mut terminal = Terminal::start(&["top", &served.url]);
        terminal.wait_for("q quit");
        kill(&terminal.child, signal);
        assert_eq!(terminal.end(), Some(0), "{signal:?}");
        terminal.wait_for(LEAVE_PAGE);
        assert!(terminal.is_cooked(), "{signal:?}");
    }
}

#[test]
fn a_server_that_goes_away_and_comes_back_is_told_of() {
    let served = Served::start(&[]);
    let address = served.url.strip_prefix("http://").unwrap().strip_suffix("/metrics").unwrap().to_owned();
    let mut terminal = Terminal::start(&["top", "--interval", "100ms", &served.url]);
    terminal.wait_for("http_requests_total");
    assert_eq!(served.end(Signal::TERM).0, 0);
    terminal.wait_for("no answer for");
    // What was last said stays.
    terminal.wait_for("http_requests_total");
    let back = Served::start_at(&address, &[]);
    assert!(back.url.contains(&address), "{}", back.said);
    terminal.wait_for("every 100ms");
    terminal.press("q");
    assert_eq!(terminal.end(), Some(0));
}

#[test]
fn without_a_terminal_one_table_is_printed_if_that_is_asked_for() {
    let served = Served::start(&[]);
    let output = run(&["top", "--once", "--interval", "500ms", &served.url], b"");
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(said.contains("requests/s") && !said.contains('\x1b'), "{said}");
    let row = said.lines().find(|line| line.starts_with("http_request_duration_seconds  /users/{id}")).unwrap();
    assert!(row.contains("ms"), "{said}");
    let output = run(&["top", &served.url], b"");
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("--once"));
    let url = served.url.clone();
    drop(served);
    assert_eq!(run(&["top", "--once", &url], b"").status.code(), Some(2));
}

#[test]
fn a_terminal_has_colours_unless_its_user_wants_none() {
    let folder = crate::support::Folder::new("colours");
    let file = folder.write("a.prom", "a b\n");
    let mut terminal = Terminal::start(&["check", &file]);
    terminal.wait_for("\x1b[1;31merror");
    assert_eq!(terminal.end(), Some(1));
    for none in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        let mut terminal = Terminal::with(&[none], &["check", &file]);
        assert!(!terminal.wait_for("1 error").contains('\x1b'), "{none:?}");
        assert_eq!(terminal.end(), Some(1));
    }
}
