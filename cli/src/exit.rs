//! How the program ends. The numbers are promised to scripts; every `--help` tells them.

use std::process::ExitCode;

/// What the exit status says. Of several inputs the worst is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All is well.
    Clean,
    /// Valid, but there are warnings and `--strict` was given.
    Warnings,
    /// The input breaks a rule of its format.
    Invalid,
    /// The command line is wrong, or what it names cannot be had.
    Usage,
}

impl Exit {
    const fn code(self) -> u8 {
        match self {
            Exit::Clean => 0,
            Exit::Invalid => 1,
            Exit::Usage => 2,
            Exit::Warnings => 3,
        }
    }

    /// The worse of two.
    pub(crate) fn and(self, other: Exit) -> Exit {
        let rank = |exit| match exit {
            Exit::Clean => 0,
            Exit::Warnings => 1,
            Exit::Invalid => 2,
            Exit::Usage => 3,
        };
        if rank(other) > rank(self) { other } else { self }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit.code())
    }
}
