//! A gateway as a process: started, waited for until it serves, ended.
//!
//! `main` is the caller. The contract with a gateway, in whatever language: it takes `--metrics-port N`, prints one line
//! `ready APPLICATION ENDPOINT` (two addresses, `http://127.0.0.1:PORT`) once both answer, and ends when its standard input
//! does, so that it does not outlive this program however that ends. Promised: each is the leader of a process group of its
//! own, so that Ctrl-C is this program's to act on; what does not end in time is killed with its whole group. Absent: restarts.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::{Duration, Instant};

/// How long a gateway may take until it serves: interpreters are slow to start on a busy machine.
const START: Duration = Duration::from_secs(60);
/// How long it may take to end, above the five seconds that an endpoint gives a scrape under way.
const END: Duration = Duration::from_secs(8);
/// How often is looked.
const STEP: Duration = Duration::from_millis(20);
/// What is kept of its standard error.
const LINES: usize = 40;
const LINE: u64 = 2000;

/// A gateway that was started.
pub(crate) struct Process {
    pub(crate) name: &'static str,
    child: Child,
    ready: Receiver<String>,
    errors: Arc<Mutex<VecDeque<String>>>,
    readers: Vec<JoinHandle<()>>,
    ended: Option<ExitStatus>,
}

/// Where a gateway serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Serving {
    pub(crate) application: SocketAddr,
    pub(crate) endpoint: SocketAddr,
}

impl Process {
    /// Starts a command, words with blanks between them.
    pub(crate) fn start(name: &'static str, command: &str, metrics_port: u16) -> Result<Process, String> {
        let mut words = command.split_whitespace();
        let program = words.next().ok_or_else(|| format!("{name}: the command is empty"))?;
        let mut child = Command::new(program)
            .args(words)
            .args(["--metrics-port", &metrics_port.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .map_err(|error| format!("{name}: {program} does not start: {error}"))?;
        let (sender, ready) = channel();
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let errors = Arc::new(Mutex::new(VecDeque::new()));
        let kept = Arc::clone(&errors);
        let readers = vec![
            // Read to the end, or the gateway would wait for room. Nobody may be listening any more.
            spawn(move || lines(stdout, |line| drop(sender.send(line)))),
            spawn(move || {
                lines(stderr, |line| {
                    let mut kept = kept.lock().expect("nothing panics while it holds the lines");
                    if kept.len() == LINES {
                        kept.pop_front();
                    }
                    kept.push_back(line);
                });
            }),
        ];
        Ok(Process { name, child, ready, errors, readers, ended: None })
    }

    /// Waits until it serves. `None` if `interrupted` says so first.
    pub(crate) fn serving(&mut self, interrupted: impl Fn() -> bool) -> Result<Option<Serving>, String> {
        let until = Instant::now() + START;
        loop {
            match self.ready.recv_timeout(STEP) {
                Ok(line) => {
                    if let Some(line) = line.strip_prefix("ready ") {
                        let serving = serving(line);
                        return serving.map(Some).ok_or_else(|| format!("{}: no addresses: {line:?}", self.name));
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                // It closed its output: it is ending.
                Err(RecvTimeoutError::Disconnected) => sleep(STEP),
            }
            if interrupted() {
                return Ok(None);
            }
            self.alive()?;
            if Instant::now() > until {
                let errors = self.errors();
                return Err(format!("{}: not ready after {} s{errors}", self.name, START.as_secs()));
            }
        }
    }

    /// An error with what it said last if it ended by itself.
    pub(crate) fn alive(&mut self) -> Result<(), String> {
        match self.poll() {
            None => Ok(()),
            Some(status) => {
                self.drain();
                Err(format!("{}: the gateway ended by itself, {status}{}", self.name, self.errors()))
            }
        }
    }

    /// What it said on its standard error, to be put behind a sentence.
    fn errors(&self) -> String {
        let lines = self.errors.lock().expect("nothing panics while it holds the lines");
        if lines.is_empty() {
            return String::new();
        }
        lines.iter().fold("; it said:".to_owned(), |text, line| text + "\n    " + line)
    }

    /// Tells it to end.
    pub(crate) fn leave(&mut self) {
        self.child.stdin = None;
    }

    /// Ends it, and says what was wrong with that.
    pub(crate) fn end(&mut self) -> Result<(), String> {
        self.leave();
        let until = Instant::now() + END;
        while Instant::now() < until {
            match self.poll() {
                Some(status) if status.success() => return Ok(()),
                Some(status) => {
                    self.drain();
                    return Err(format!("{}: the gateway ended with {status}{}", self.name, self.errors()));
                }
                None => sleep(STEP),
            }
        }
        self.kill();
        Err(format!(
            "{}: the gateway did not end within {} s and was killed{}",
            self.name,
            END.as_secs(),
            self.errors()
        ))
    }

    fn poll(&mut self) -> Option<ExitStatus> {
        if self.ended.is_none() {
            self.ended = self.child.try_wait().ok().flatten();
        }
        self.ended
    }

    /// Kills it with all that it started, unless it has ended and its number may be another's.
    fn kill(&mut self) {
        if self.poll().is_none() {
            let group = rustix::process::Pid::from_child(&self.child);
            // It can only fail because nobody is left.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
            self.ended = self.child.wait().ok();
        }
    }

    /// Waits for the last of what it said; a child of its own may hold the pipes open, hence not for long.
    fn drain(&mut self) {
        let until = Instant::now() + Duration::from_millis(500);
        while self.readers.iter().any(|reader| !reader.is_finished()) && Instant::now() < until {
            sleep(STEP);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The addresses of a line `http://127.0.0.1:1 http://127.0.0.1:2`.
fn serving(line: &str) -> Option<Serving> {
    let mut addresses =
        line.split_whitespace().map(|url| url.strip_prefix("http://")?.trim_end_matches('/').parse().ok());
    let serving = Serving { application: addresses.next()??, endpoint: addresses.next()?? };
    addresses.next().is_none().then_some(serving)
}

/// Every line of a pipe, cut where it is too long.
fn lines(pipe: Option<impl Read>, mut take: impl FnMut(String)) {
    let Some(pipe) = pipe else { return };
    let mut pipe = BufReader::new(pipe);
    let mut next = || -> io::Result<Option<String>> {
        let mut line = Vec::new();
        let read = pipe.by_ref().take(LINE).read_until(b'\n', &mut line)?;
        Ok((read > 0).then(|| String::from_utf8_lossy(&line).trim_end().to_owned()))
    };
    while let Ok(Some(line)) = next() {
        take(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_addresses_are_read_and_nothing_else() {
        let found = serving("http://127.0.0.1:81 http://127.0.0.1:82/").expect("addresses");
        assert_eq!((found.application.port(), found.endpoint.port()), (81, 82));
        for line in ["", "http://127.0.0.1:81", "127.0.0.1:81 127.0.0.1:82", "http://a:1 http://b:2"] {
            assert_eq!(serving(line), None, "{line}");
        }
        assert_eq!(serving("http://127.0.0.1:81 http://127.0.0.1:82 http://127.0.0.1:83"), None);
    }

    #[test]
    fn what_does_not_end_is_killed_with_what_it_started() {
        let file = std::env::temp_dir().join(format!("tykmetrics-run-{}.sh", std::process::id()));
        // Two processes, neither of which cares for its input.
        std::fs::write(&file, "sleep 600 & echo $!; exec sleep 600\n").expect("a script");
        let mut process = Process::start("stubborn", &format!("sh {}", file.display()), 0).expect("it starts");
        let inner = process.ready.recv_timeout(Duration::from_secs(10)).expect("the number of the inner one");
        assert!(process.alive().is_ok());
        process.kill();
        std::fs::remove_file(&file).expect("the script is there");
        let gone = || !std::path::Path::new("/proc").join(&inner).join("exe").exists();
        let until = Instant::now() + Duration::from_secs(10);
        while !gone() && Instant::now() < until {
            sleep(STEP);
        }
        assert!(gone(), "process {inner} is left");
    }
}
