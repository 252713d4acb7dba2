//! `tykmetrics top`: what an endpoint says, live.
//!
//! A thread scrapes and works out numbers (`numbers`, with `buckets` for quantiles), so that neither keys nor drawing ever wait for a
//! server. `table` makes rows of them, `app` knows what its user wants to see, `draw` makes lines and `screen` has the terminal.
//! Plain lines with a few escapes need no toolkit: crossterm does raw mode, keys and sizes.

mod app;
mod buckets;
mod draw;
mod numbers;
mod screen;
mod table;

pub(crate) use table::{Sort, View};

use crate::args::Top;
use crate::exit::Exit;
use crate::fetch::{Client, Url};
use crate::output;
use crate::read::read;
use app::App;
use numbers::{Numbers, Past};
use std::io::IsTerminal;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::{Duration, Instant};

/// Protobuf first: only there do most servers show native histograms.
const ACCEPT: &str = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;escaping=allow-utf-8,\
                      application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.8,\
                      text/plain;version=1.0.0;escaping=allow-utf-8;q=0.7,text/plain;version=0.0.4;q=0.6,*/*;q=0.1";

/// Why a scrape came to nothing.
#[derive(Debug)]
enum Failed {
    /// The server was not reached, or did not answer as asked.
    NoAnswer(String),
    /// It answered, and not with an exposition.
    Invalid(String),
}

impl Failed {
    fn why(&self) -> &str {
        match self {
            Failed::NoAnswer(why) | Failed::Invalid(why) => why,
        }
    }
}

/// Asks a server again and again.
struct Scraper {
    client: Client,
    name: String,
    past: Past,
}

impl Scraper {
    fn new(args: &Top) -> Result<Self, String> {
        let url = Url::parse(&args.url)?;
        Ok(Scraper { client: Client::new(&args.http, &url)?, name: url.to_string(), past: Past::default() })
    }

    fn scrape(&mut self) -> Result<Numbers, Failed> {
        let asked = Instant::now();
        let input = self.client.get(ACCEPT).map_err(Failed::NoAnswer)?;
        let format = input.format(&self.name).map_err(|why| Failed::Invalid(format!("{} {why}", self.name)))?;
        match read(&input.bytes, format) {
            Ok(document) => Ok(numbers::of(&document, &mut self.past, asked)),
            Err(refusal) => {
                let (name, format, place) = (&self.name, format.as_str(), refusal.place);
                Err(Failed::Invalid(format!("{name} says no valid {format}: {place}: {}", refusal.message)))
            }
        }
    }
}

pub(crate) fn run(args: &Top) -> Exit {
    let mut scraper = match Scraper::new(args) {
        Ok(scraper) => scraper,
        Err(why) => return output::failed(&why),
    };
    if args.once {
        return once(args, &mut scraper);
    }
    if !std::io::stdout().is_terminal() {
        return output::failed("top draws on a terminal, and standard output is none: --once prints one table");
    }
    match screen::Screen::open() {
        Ok(screen) => live(args, scraper, screen),
        Err(error) => output::failed(&format!("the terminal cannot be used: {error}; --once prints one table")),
    }
}

/// Two scrapes, one table.
fn once(args: &Top, scraper: &mut Scraper) -> Exit {
    let second = scraper.scrape().and_then(|_| {
        std::thread::sleep(args.interval);
        scraper.scrape()
    });
    match second {
        Ok(numbers) => {
            let app = App::new(args, &scraper.name);
            output::bytes(draw::whole(&app, &numbers, args.color.wanted()).as_bytes())
        }
        Err(Failed::NoAnswer(why)) => output::failed(&why),
        Err(Failed::Invalid(why)) => {
            output::failed(&why);
            Exit::Invalid
        }
    }
}

/// How often keys, signals and news are looked for.
const LOOK: Duration = Duration::from_millis(50);

fn live(args: &Top, scraper: Scraper, mut screen: screen::Screen) -> Exit {
    let mut app = App::new(args, &scraper.name);
    let (tell, news) = mpsc::channel();
    let (order, orders) = mpsc::channel();
    let interval = args.interval;
    let started =
        std::thread::Builder::new().name("scraper".to_owned()).spawn(move || ask(scraper, interval, &tell, &orders));
    if let Err(error) = started {
        drop(screen);
        return output::failed(&format!("no thread can be started: {error}"));
    }
    let mut paint = true;
    let mut painted = Instant::now();
    loop {
        loop {
            match news.try_recv() {
                Ok(result) => app.take(result),
                Err(mpsc::TryRecvError::Empty) => break,
                Err(mpsc::TryRecvError::Disconnected) => {
                    drop(screen);
                    return output::failed("scraping stopped: this is a mistake of tykmetrics, please report it");
                }
            }
            paint = true;
        }
        // The time since the last answer is shown, in seconds.
        if paint || (app.is_stale() && painted.elapsed() >= Duration::from_secs(1)) {
            painted = Instant::now();
            let (width, height) = screen.size();
            if screen.show(&draw::frame(&app, width, height, args.color.wanted())).is_err() {
                return Exit::Clean;
            }
        }
        paint = false;
        match screen.event(LOOK) {
            Ok(screen::Event::None) => {}
            Ok(screen::Event::Resized) => paint = true,
            Ok(screen::Event::Key(key)) => {
                paint = true;
                match app.key(key) {
                    app::Next::Stay => {}
                    app::Next::Pause(paused) => drop(order.send(paused)),
                    app::Next::Quit => return Exit::Clean,
                }
            }
            // The terminal is gone, or somebody ended us by a signal.
            Ok(screen::Event::Ended) | Err(_) => return Exit::Clean,
        }
    }
}

/// Scrapes until nobody listens. Orders say whether to pause.
fn ask(mut scraper: Scraper, interval: Duration, tell: &Sender<Result<Numbers, Failed>>, orders: &Receiver<bool>) {
    let mut paused = false;
    loop {
        let next = Instant::now() + interval;
        if !paused && tell.send(scraper.scrape()).is_err() {
            return;
        }
        loop {
            match orders.recv_timeout(next.saturating_duration_since(Instant::now())) {
                Ok(order) => paused = order,
                Err(mpsc::RecvTimeoutError::Timeout) => break,
                Err(mpsc::RecvTimeoutError::Disconnected) => return,
            }
        }
    }
}
