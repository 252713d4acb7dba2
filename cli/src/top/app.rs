//! What the user wants to see, and what keys do to it. Knows no terminal, so that it can be tested.

use super::table::{self, Sort, Table, View};
use super::{Failed, Numbers};
use crate::args::Top;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use std::time::{Duration, Instant};

/// What is on the screen, but for its size.
pub(super) struct App {
    pub(super) name: String,
    pub(super) interval: Duration,
    pub(super) view: View,
    sorts: [Sort; 3],
    pub(super) reversed: bool,
    pub(super) filter: String,
    /// The filter is being typed.
    pub(super) typing: bool,
    pub(super) paused: bool,
    pub(super) first: usize,
    pub(super) numbers: Option<Numbers>,
    /// Since when there is no answer, and why.
    pub(super) failed: Option<(Instant, String)>,
}

/// What follows of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    Stay,
    Pause(bool),
    Quit,
}

/// Rows that PgUp and PgDn move by.
const PAGE: usize = 20;
/// Characters of a filter.
const LONGEST: usize = 100;

impl App {
    pub(super) fn new(args: &Top, name: &str) -> Self {
        let mut sorts = View::ALL.map(|view| view.sorts()[0]);
        if let Some(sort) = args.sort {
            for (view, of_view) in View::ALL.iter().zip(&mut sorts) {
                if view.sorts().contains(&sort) {
                    *of_view = sort;
                }
            }
        }
        App {
            name: name.to_owned(),
            interval: args.interval,
            view: args.view,
            sorts,
            reversed: false,
            filter: args.filter.clone(),
            typing: false,
            paused: false,
            first: 0,
            numbers: None,
            failed: None,
        }
    }

    fn place(&self) -> usize {
        View::ALL.iter().position(|view| *view == self.view).unwrap_or_default()
    }

    pub(super) fn sort(&self) -> Sort {
        self.sorts[self.place()]
    }

    pub(super) fn table(&self, numbers: &Numbers) -> Table {
        table::of(numbers, self.view, self.sort(), self.reversed, &self.filter)
    }

    /// Takes what a scrape came to. Numbers stay when the next one fails.
    pub(super) fn take(&mut self, result: Result<Numbers, Failed>) {
        match result {
            Ok(numbers) => {
                self.numbers = Some(numbers);
                self.failed = None;
            }
            Err(failed) => {
                let since = self.failed.as_ref().map_or_else(Instant::now, |(since, _)| *since);
                self.failed = Some((since, failed.why().to_owned()));
            }
        }
    }

    /// Whether time passes that is shown.
    pub(super) fn is_stale(&self) -> bool {
        self.failed.is_some()
    }

    pub(super) fn key(&mut self, key: KeyEvent) -> Next {
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            return if matches!(key.code, KeyCode::Char('c' | 'd')) { Next::Quit } else { Next::Stay };
        }
        if self.typing {
            self.typed(key.code);
            return Next::Stay;
        }
        match key.code {
            KeyCode::Char('q') => return Next::Quit,
            KeyCode::Char('p' | ' ') => {
                self.paused = !self.paused;
                return Next::Pause(self.paused);
            }
            KeyCode::Char(digit @ '1'..='3') => self.show(digit as usize - '1' as usize),
            KeyCode::Tab => self.show((self.place() + 1) % View::ALL.len()),
            KeyCode::Char('s') => {
                let sorts = self.view.sorts();
                let at = sorts.iter().position(|sort| *sort == self.sort()).unwrap_or_default();
                self.sorts[self.place()] = sorts[(at + 1) % sorts.len()];
            }
            KeyCode::Char('r') => self.reversed = !self.reversed,
            KeyCode::Char('/') => self.typing = true,
            KeyCode::Esc => self.filter.clear(),
            KeyCode::Down | KeyCode::Char('j') => self.first = self.first.saturating_add(1),
            KeyCode::Up | KeyCode::Char('k') => self.first = self.first.saturating_sub(1),
            KeyCode::PageDown => self.first = self.first.saturating_add(PAGE),
            KeyCode::PageUp => self.first = self.first.saturating_sub(PAGE),
            KeyCode::Home | KeyCode::Char('g') => self.first = 0,
            KeyCode::End | KeyCode::Char('G') => self.first = usize::MAX,
            _ => {}
        }
        self.bound();
        Next::Stay
    }

    fn show(&mut self, place: usize) {
        self.view = View::ALL[place];
        self.first = 0;
    }

    fn typed(&mut self, code: KeyCode) {
        match code {
            KeyCode::Char(c) if self.filter.chars().count() < LONGEST => self.filter.push(c),
            KeyCode::Backspace => drop(self.filter.pop()),
            KeyCode::Enter => self.typing = false,
            KeyCode::Esc => {
                self.typing = false;
                self.filter.clear();
            }
            _ => {}
        }
        self.first = 0;
    }

    /// No further down than there are rows.
    fn bound(&mut self) {
        let rows = self.numbers.as_ref().map_or(0, |numbers| self.table(numbers).rows.len());
        self.first = self.first.min(rows.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{Args, Command};
    use clap::Parser;

    fn app(arguments: &[&str]) -> App {
        let arguments = ["tykmetrics", "top", "http://a"].iter().chain(arguments);
        let Command::Top(top) = Args::parse_from(arguments).command else { panic!("top") };
        App::new(&top, "http://a/metrics")
    }

    fn press(app: &mut App, code: KeyCode) -> Next {
        app.key(KeyEvent::new(code, KeyModifiers::NONE))
    }

    #[test]
    fn keys_change_what_is_seen() {
        let mut app = app(&[]);
        assert_eq!((app.view, app.sort()), (View::Requests, Sort::Rate));
        press(&mut app, KeyCode::Char('s'));
        assert_eq!(app.sort(), Sort::Errors);
        press(&mut app, KeyCode::Char('2'));
        assert_eq!((app.view, app.sort()), (View::Families, Sort::Series));
        press(&mut app, KeyCode::Tab);
        press(&mut app, KeyCode::Tab);
        assert_eq!((app.view, app.sort()), (View::Requests, Sort::Errors));
        press(&mut app, KeyCode::Char('r'));
        assert!(app.reversed);
        assert_eq!(press(&mut app, KeyCode::Char('p')), Next::Pause(true));
        assert_eq!(press(&mut app, KeyCode::Char(' ')), Next::Pause(false));
        assert_eq!(press(&mut app, KeyCode::Char('q')), Next::Quit);
        assert_eq!(app.key(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL)), Next::Quit);
    }

    #[test]
    fn a_filter_is_typed_kept_and_dropped() {
        let mut app = app(&["--sort", "latency", "--filter", "x"]);
        assert_eq!(app.sort(), Sort::Latency);
        press(&mut app, KeyCode::Char('/'));
        for c in ['q', '1', 's'] {
            assert_eq!(press(&mut app, KeyCode::Char(c)), Next::Stay);
        }
        press(&mut app, KeyCode::Backspace);
        press(&mut app, KeyCode::Enter);
        assert_eq!((app.filter.as_str(), app.typing), ("xq1", false));
        press(&mut app, KeyCode::Esc);
        assert_eq!(app.filter, "");
        press(&mut app, KeyCode::End);
        assert_eq!(app.first, 0);
    }

    #[test]
    fn numbers_stay_when_the_server_goes_away() {
        let mut app = app(&[]);
        app.take(Ok(Numbers::default()));
        app.take(Err(Failed::NoAnswer("gone".into())));
        let since = app.failed.as_ref().unwrap().0;
        app.take(Err(Failed::NoAnswer("still".into())));
        assert_eq!(app.failed, Some((since, "still".to_owned())));
        assert!(app.numbers.is_some() && app.is_stale());
        app.take(Ok(Numbers::default()));
        assert!(!app.is_stale());
    }
}
