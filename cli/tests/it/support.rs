//! Starting the program, with an input and without a terminal.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// The program, in an environment that says nothing to it.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tykmetrics"));
    command.env_clear();
    command
}

/// What the program does with these arguments and this input.
pub(crate) fn run(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = program()
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    let input = input.to_vec();
    // Beside the reading of what it says, so that neither waits for the other; it may not read all of it.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().expect("the program ends");
    writer.join().expect("the writer ends");
    output
}

pub(crate) fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("the program says UTF-8")
}

/// What `check` says of an input, and its status.
pub(crate) fn check(arguments: &[&str], input: impl AsRef<[u8]>) -> (i32, String) {
    let arguments: Vec<&str> = ["check", "-"].iter().chain(arguments).copied().collect();
    let output = run(&arguments, input.as_ref());
    assert_eq!(text(&output.stderr), "", "{arguments:?}");
    (output.status.code().expect("no signal"), text(&output.stdout).to_owned())
}

/// A file of the judges, which lie outside of the repository.
pub(crate) fn judges(name: &str) -> Option<PathBuf> {
    let outside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/judges");
    let path = std::env::var_os("TYKMETRICS_JUDGES").map_or(outside, PathBuf::from).join(name);
    if !path.exists() {
        eprintln!("left out: there is no {}", path.display());
        return None;
    }
    Some(path)
}

/// A directory of a test's own, gone with it.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("tykmetrics-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    pub(crate) fn write(&self, name: &str, content: &str) -> String {
        std::fs::write(self.0.join(name), content).unwrap();
        self.path(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The program as it serves, ended with this.
pub(crate) struct Served {
    pub(crate) child: std::process::Child,
    /// Where its metrics are.
    pub(crate) url: String,
    pub(crate) said: String,
}

impl Served {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Served::start_at("127.0.0.1:0", arguments)
    }

    pub(crate) fn start_at(address: &str, arguments: &[&str]) -> Self {
        let mut child = program()
            .args(["serve", "--listen", address])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut said).unwrap();
        let url = said.split_whitespace().last().unwrap_or_default().to_owned();
        Served { child, url, said }
    }

    /// Ends it by a signal, and gives its status and what it said on standard error.
    pub(crate) fn end(mut self, signal: rustix::process::Signal) -> (i32, String) {
        kill(&self.child, signal);
        let status = self.child.wait().unwrap();
        let mut errors = String::new();
        std::io::Read::read_to_string(self.child.stderr.as_mut().unwrap(), &mut errors).unwrap();
        (status.code().unwrap(), errors)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It is gone already if the test ended it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn kill(child: &std::process::Child, signal: rustix::process::Signal) {
    let process = rustix::process::Pid::from_child(child);
    rustix::process::kill_process(process, signal).unwrap();
}
