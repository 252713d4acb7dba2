//! Compiling C and running it: where the library is, what a compiler and a program said, and no more.
//!
//! Every test of the harness uses it. A failure names the whole command, so that it can be repeated by hand.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// What every C program is compiled with.
const STRICT: [&str; 4] = ["-Wall", "-Wextra", "-Werror", "-g"];

/// Seconds after which a program that hangs (a deadlock, say) is ended: far above what any takes, valgrind's included.
const HANGS: &str = "300";

/// The project's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("ffi-c is in the root").to_owned()
}

/// Where the library is installed: `TYKMETRICS_PREFIX`, or what `make prefix` makes.
///
/// # Panics
/// If it is not there.
pub(crate) fn prefix() -> PathBuf {
    let prefix = std::env::var_os("TYKMETRICS_PREFIX").map_or_else(|| root().join("target/prefix"), PathBuf::from);
    for needed in ["include/tykmetrics.h", "lib/libtykmetrics.a", "lib/libtykmetrics.so", "lib/pkgconfig/tykmetrics.pc"]
    {
        let path = prefix.join(needed);
        assert!(path.exists(), "{} is missing: run `make prefix`, or set TYKMETRICS_PREFIX", path.display());
    }
    prefix
}

/// A folder of this name for what a test makes, in cargo's target folder.
pub(crate) fn scratch(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("harness").join(name);
    std::fs::create_dir_all(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    folder
}

/// A source in `ffi-c/tests/c`.
pub(crate) fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/c").join(name)
}

/// What a tool said, if it did what it was asked to.
///
/// # Panics
/// If it is not installed, or failed.
pub(crate) fn tool<A: AsRef<OsStr>>(program: &str, arguments: impl IntoIterator<Item = A>) -> String {
    let mut command = Command::new(program);
    command.args(arguments);
    let output = output(&mut command);
    assert!(output.status.success(), "{}", said(&command, &output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Runs a command to its end.
///
/// # Panics
/// If its program is not installed.
pub(crate) fn output(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| {
        panic!("{} is needed ({error}): run `make tools`", command.get_program().to_string_lossy())
    })
}

/// A command and everything it said.
pub(crate) fn said(command: &Command, output: &Output) -> String {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    format!("{command:?} ended with {}\n--- stdout\n{out}\n--- stderr\n{err}", output.status)
}

/// How a program is joined to the library.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Link {
    /// To `libtykmetrics.so`, found by its run path.
    Shared,
    /// To `libtykmetrics.a`, which becomes part of the program.
    Static,
}

/// What pkg-config says of the installed library: how to compile and to link with it.
pub(crate) fn pkg_config(prefix: &Path, package: &str, what: &str) -> Vec<String> {
    let mut command = Command::new("pkg-config");
    command.args([what, package]).env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig"));
    let output = output(&mut command);
    assert!(output.status.success(), "{}", said(&command, &output));
    String::from_utf8_lossy(&output.stdout).split_whitespace().map(str::to_owned).collect()
}

/// A program to be compiled.
pub(crate) struct Program {
    name: String,
    compiler: String,
    sources: Vec<PathBuf>,
    flags: Vec<String>,
    link: Link,
    prefix: PathBuf,
}

impl Program {
    /// A program in C11 of one source in `ffi-c/tests/c`, joined to the shared library.
    pub(crate) fn c(name: &str) -> Program {
        Program {
            name: name.to_owned(),
            compiler: "gcc".to_owned(),
            sources: vec![source(&format!("{name}.c"))],
            flags: vec!["-std=c11".to_owned()],
            link: Link::Shared,
            prefix: prefix(),
        }
    }

    /// The same program under another name, so that two ways to build it do not overwrite each other.
    pub(crate) fn called(mut self, name: &str) -> Program {
        self.name = name.to_owned();
        self
    }

    /// Compiles it with another compiler and in another dialect.
    pub(crate) fn compiler(mut self, compiler: &str, standard: &str) -> Program {
        self.compiler = compiler.to_owned();
        self.flags[0] = format!("-std={standard}");
        self
    }

    /// Other sources than the one it is named after.
    pub(crate) fn sources(mut self, sources: impl IntoIterator<Item = PathBuf>) -> Program {
        self.sources = sources.into_iter().collect();
        self
    }

    /// Further flags of the compiler.
    pub(crate) fn flags<S: Into<String>>(mut self, flags: impl IntoIterator<Item = S>) -> Program {
        self.flags.extend(flags.into_iter().map(Into::into));
        self
    }

    /// Another installation than the one that all tests use.
    pub(crate) fn prefix(mut self, prefix: &Path) -> Program {
        self.prefix = prefix.to_owned();
        self
    }

    /// How it is joined to the library.
    pub(crate) fn link(mut self, link: Link) -> Program {
        self.link = link;
        self
    }

    /// Compiles it and tells where it is.
    ///
    /// # Panics
    /// If the compiler has a word to say, even a warning.
    pub(crate) fn build(self) -> PathBuf {
        self.compile().unwrap_or_else(|said| panic!("{said}"))
    }

    /// Compiles it, if the compiler has nothing against it.
    ///
    /// # Errors
    /// What the compiler said, even if it was a warning.
    pub(crate) fn compile(self) -> Result<PathBuf, String> {
        let built = scratch("programs").join(&self.name);
        let package = if self.link == Link::Shared { "tykmetrics" } else { "tykmetrics-static" };
        let mut command = Command::new(&self.compiler);
        // What a library is wanted for has to come before it.
        let (libraries, flags): (Vec<_>, Vec<_>) = self.flags.iter().partition(|flag| flag.starts_with("-l"));
        command.args(STRICT).args(flags).arg("-I").arg(source("")).args(&self.sources).args(libraries);
        command.args(pkg_config(&self.prefix, package, "--cflags"));
        command.args(pkg_config(&self.prefix, package, "--libs")).arg("-pthread").arg("-o").arg(&built);
        if self.link == Link::Shared {
            command.arg(format!("-Wl,-rpath,{}", self.prefix.join("lib").display()));
        }
        let output = output(&mut command);
        let fine = output.status.success() && output.stderr.is_empty();
        if fine { Ok(built) } else { Err(said(&command, &output)) }
    }
}

/// A command that runs a program, ends it if it hangs, and has what sanitizers find end it too.
pub(crate) fn program(path: &Path) -> Command {
    let mut command = Command::new("timeout");
    command.args(["--kill-after=5", HANGS]).arg(path);
    command.env("ASAN_OPTIONS", "detect_leaks=1:exitcode=99").env("UBSAN_OPTIONS", "halt_on_error=1:exitcode=99");
    command.env("TSAN_OPTIONS", "halt_on_error=1:exitcode=99");
    command
}

/// Flags of a build in which every access outside of what was allocated, and every leak, ends the program.
pub(crate) const ADDRESS: [&str; 2] = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];

/// A command that runs a program under valgrind, for which a wrong access or a definite leak is a failure.
pub(crate) fn valgrind(built: &Path) -> Command {
    let mut command = program(Path::new("valgrind"));
    command.args(["--quiet", "--error-exitcode=99", "--leak-check=full", "--show-leak-kinds=definite"]);
    command.arg("--errors-for-leak-kinds=definite").arg(built);
    command
}

/// What a program printed, if it ended well.
///
/// # Panics
/// If it did not.
pub(crate) fn run(command: &mut Command) -> String {
    let output = output(command);
    assert!(output.status.success(), "{}", said(command, &output));
    String::from_utf8(output.stdout).expect("the program prints UTF-8")
}

/// What a program said on its standard error, if it failed.
///
/// # Panics
/// If it ended well, or had to be ended.
pub(crate) fn run_failing(command: &mut Command) -> String {
    let output = output(command);
    assert!(!output.status.success(), "it should fail: {}", said(command, &output));
    assert!(output.status.code() != Some(124), "it hangs: {}", said(command, &output));
    String::from_utf8_lossy(&output.stderr).into_owned()
}
