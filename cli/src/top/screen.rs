//! The terminal: raw, on its second page, and given back however the program ends.
//!
//! Dropping gives it back; a panic does so first, so that its message is seen; signals that would end the program are turned into
//! an event. Only SIGKILL leaves the terminal as it is (`reset` helps then).

use crossterm::event::{Event as Told, KeyEvent, KeyEventKind};
use crossterm::{cursor, event, execute, queue, style, terminal};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The terminal, while it is ours.
pub(super) struct Screen {
    ended: Arc<AtomicBool>,
}

/// What happened.
pub(super) enum Event {
    None,
    Key(KeyEvent),
    Resized,
    /// Somebody wants us to end.
    Ended,
}

impl Screen {
    pub(super) fn open() -> io::Result<Self> {
        let ended = Arc::new(AtomicBool::new(false));
        for signal in [SIGHUP, SIGINT, SIGTERM] {
            signal_hook::flag::register(signal, Arc::clone(&ended))?;
        }
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            restore();
            before(panic);
        }));
        terminal::enable_raw_mode()?;
        // From here on, a failure gives the terminal back.
        let screen = Screen { ended };
        execute!(io::stdout(), terminal::EnterAlternateScreen, cursor::Hide, terminal::DisableLineWrap)?;
        Ok(screen)
    }

    /// Columns and rows. A terminal that does not say has the size that they all had once.
    pub(super) fn size(&self) -> (usize, usize) {
        match terminal::size() {
            Ok((width, height)) if width > 0 && height > 0 => (width.into(), height.into()),
            _ => (80, 24),
        }
    }

    pub(super) fn show(&mut self, lines: &[String]) -> io::Result<()> {
        let mut out = io::BufWriter::new(io::stdout().lock());
        queue!(out, terminal::BeginSynchronizedUpdate, cursor::MoveTo(0, 0))?;
        for (at, line) in lines.iter().enumerate() {
            let row = u16::try_from(at).unwrap_or(u16::MAX);
            // Cleared behind and not before, so that nothing flickers.
            queue!(
                out,
                cursor::MoveTo(0, row),
                style::Print(line),
                terminal::Clear(terminal::ClearType::UntilNewLine)
            )?;
        }
        queue!(out, terminal::Clear(terminal::ClearType::FromCursorDown), terminal::EndSynchronizedUpdate)?;
        out.flush()
    }

    /// What happens within this time.
    pub(super) fn event(&mut self, wait: Duration) -> io::Result<Event> {
        // Relaxed: the flag is all that the signal says.
        if self.ended.load(Ordering::Relaxed) {
            return Ok(Event::Ended);
        }
        match event::poll(wait) {
            Ok(false) => Ok(Event::None),
            Ok(true) => Ok(match event::read()? {
                Told::Key(key) if key.kind != KeyEventKind::Release => Event::Key(key),
                Told::Resize(..) => Event::Resized,
                _ => Event::None,
            }),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(Event::None),
            Err(error) => Err(error),
        }
    }
}

/// Gives the terminal back. That it fails means that there is none any more.
fn restore() {
    let _ = execute!(io::stdout(), terminal::EnableLineWrap, cursor::Show, terminal::LeaveAlternateScreen);
    let _ = terminal::disable_raw_mode();
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    use rustix::termios::{LocalModes, tcgetattr};
    use std::fs::File;
    use std::io::Read;
    use std::process::Command;

    /// Says to this test that it is the one on the terminal.
    const ON_TERMINAL: &str = "TYKMETRICS_TEST_ON_TERMINAL";

    #[test]
    fn a_panic_gives_the_terminal_back_before_it_is_told() {
        if std::env::var_os(ON_TERMINAL).is_some() {
            let _screen = Screen::open().unwrap();
            panic!("on purpose");
        }
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
        let slave = File::options().read(true).write(true).open(name).unwrap();
        let modes = || tcgetattr(&slave).unwrap().local_modes;
        let before = modes();
        let end = || slave.try_clone().unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--nocapture", "top::screen::tests::a_panic_gives_the_terminal_back_before_it_is_told"])
            .env(ON_TERMINAL, "1")
            .env("RUST_BACKTRACE", "0")
            .stdin(end())
            .stdout(end())
            .stderr(end())
            .spawn()
            .unwrap();
        // What it says is less than a terminal holds.
        assert!(!child.wait().unwrap().success());
        assert_eq!(modes(), before);
        assert!(before.contains(LocalModes::ICANON | LocalModes::ECHO));
        drop(slave);
        let mut shown = Vec::new();
        // Once the other end is closed, reading ends with an error, as Linux has it.
        let _ = File::from(master).read_to_end(&mut shown);
        let shown = String::from_utf8_lossy(&shown);
        let entered = shown.find("\x1b[?1049h").expect("the second page");
        let left = shown.find("\x1b[?1049l").expect("the first page again");
        let told = shown.find("on purpose").expect("the message");
        assert!(entered < left && left < told, "{shown:?}");
    }
}
