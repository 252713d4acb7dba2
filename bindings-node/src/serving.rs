//! The server: a registry served on threads of the engine's own, which need the event loop only for what JavaScript tells.
//!
//! Called by `lib/server.js`. A [`Door`] is a server before, while and after it runs. Starting and closing take time, so they are done
//! on a thread of their own. An environment that ends closes its servers, and waits for them only a moment.

use crate::asking::{Answer, Asker, Call, Known};
use crate::metric::Metric;
use crate::raw::Given;
use crate::registry::Registry;
use crate::told::{Beside, Told};
use engine::samples::{Family, Kind, Sample, gather};
use engine::{Exposition, Hygiene, Snapshot};
use napi::bindgen_prelude::{External, ExternalRef, JsValue as _, Object};
use napi::{Env, Error, Result, Status};
use napi_derive::napi;
use server::config::{Config, Loaded};
use server::{Address, Gone, Running, Source, StartError, StartErrorCode as Code};
use std::cell::RefCell;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// How long the end of an environment waits for its servers.
const MOMENT: Duration = Duration::from_millis(250);

/// The family that tells of scrapes that went without something. It is there where JavaScript has something to tell.
const UNTOLD: &str = "tykmetrics_scrape_untold_total";
const UNTOLD_HELP: &str = "Scrapes of the server without some metric that JavaScript tells: its event loop was busy, or a \
                           function failed or took too long.";

/// A server of JavaScript's.
pub(crate) struct Door {
    registry: Arc<Registry>,
    asker: Arc<Asker>,
    warn: Mutex<Option<Call>>,
    stage: Mutex<Stage>,
}

enum Stage {
    New,
    Runs(Arc<Running>),
    Closed,
}

thread_local! {
    /// The servers of this isolate, once there was one.
    static DOORS: RefCell<Option<Vec<Arc<Door>>>> = const { RefCell::new(None) };
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A server that does not run yet. `ask` is called with what is wanted of JavaScript, `warn` with what the operator should know.
#[napi(catch_unwind)]
pub(crate) fn door(env: Env, registry: &External<Arc<Registry>>, ask: Call, warn: Call) -> Result<External<Arc<Door>>> {
    let door = Arc::new(Door {
        registry: Arc::clone(registry),
        asker: Arc::new(Asker::new(ask)),
        warn: Mutex::new(Some(warn)),
        stage: Mutex::new(Stage::New),
    });
    DOORS.with_borrow_mut(|doors| {
        if doors.is_none() {
            env.add_env_cleanup_hook((), |()| leave())?;
        }
        doors.get_or_insert_default().push(Arc::clone(&door));
        Ok::<(), Error>(())
    })?;
    Ok(External::new(door))
}

/// The environment ends: closes its servers. Called by JavaScript too, since a process that is told to exit has no such end.
#[napi(catch_unwind, js_name = "leaveDoors")]
pub(crate) fn leave() {
    let doors = DOORS.take().unwrap_or_default();
    doors.iter().for_each(|door| door.asker.close());
    let (ended, ends) = channel::<()>();
    for door in doors {
        let ended = ended.clone();
        // Where there is no thread, the process's end or the thread of the server's is what ends it.
        let _ = thread::Builder::new().name("tykmetrics-end".into()).spawn(move || {
            door.close();
            drop(ended);
        });
    }
    drop(ended);
    // Nobody sends: over when all have ended.
    let _ = ends.recv_timeout(MOMENT);
}

impl Door {
    fn start(self: &Arc<Door>, loaded: Loaded) -> std::result::Result<Arc<Running>, StartError> {
        loaded.warnings.iter().chain(&loaded.unheard(&["labels"])).for_each(|warning| self.warn(warning));
        let labels = loaded.config.labels.clone();
        let source = Served { registry: Arc::clone(&self.registry), asker: Arc::clone(&self.asker), labels };
        let told = Arc::downgrade(self);
        let log = move |message: &str| {
            if let Some(door) = told.upgrade() {
                door.warn(message);
            }
        };
        server::start_logged(loaded.config, source, log).map(Arc::new)
    }

    fn warn(&self, message: &str) {
        if let Some(warn) = &*locked(&self.warn) {
            let mode = napi::threadsafe_function::ThreadsafeFunctionCallMode::NonBlocking;
            warn.call((message.to_owned(), 0).into(), mode);
        }
    }

    /// Ends the server and waits for it. Scrapes that run may still ask JavaScript.
    fn close(&self) {
        let before = std::mem::replace(&mut *locked(&self.stage), Stage::Closed);
        if let Stage::Runs(running) = before {
            running.close();
        }
        self.asker.close();
        drop(locked(&self.warn).take());
    }
}

/// What the server is given.
struct Served {
    registry: Arc<Registry>,
    asker: Arc<Asker>,
    /// By configuration.
    labels: Vec<(String, String)>,
}

impl Served {
    /// A registry to be read once, with what JavaScript tells.
    fn now(&self, counts: bool) -> engine::Registry {
        let (answer, known) = self.asker.ask();
        if counts && answer.as_ref().is_none_or(|answer| answer.is_partial) {
            self.asker.miss();
        }
        let mut labels = known.labels;
        for (name, value) in &self.labels {
            if !labels.iter().any(|(own, _)| own == name) {
                labels.push((name.clone(), value.clone()));
            }
        }
        let mut families = Vec::new();
        if known.is_needed || self.asker.missed() > 0 {
            families.extend(untold(self.asker.missed()));
        }
        let Answer { except, families: told, .. } = answer.unwrap_or_default();
        families.extend(told);
        Beside { except, families, labels }.registry(&self.registry)
    }
}

fn untold(count: u64) -> Vec<engine::snapshot::Family> {
    let sample = Sample { name: UNTOLD.into(), value: count as f64, ..Sample::default() };
    let name = UNTOLD.trim_end_matches("_total").into();
    gather(&Family { name, help: UNTOLD_HELP.into(), kind: Kind::Counter, samples: vec![sample], ..Family::default() })
}

/// As all expositions of this package.
fn ours(exposition: Exposition) -> Exposition {
    Exposition { omit_empty_labels: true, ..exposition }
}

type Sink<'a> = &'a mut dyn FnMut(&[u8]) -> std::result::Result<(), Gone>;

impl Source for Served {
    fn render(&self, exposition: Exposition, sink: Sink<'_>) -> std::result::Result<(), Gone> {
        self.now(true).render_to(ours(exposition), sink)
    }

    fn render_only(&self, names: &[String], exposition: Exposition, sink: Sink<'_>) -> std::result::Result<(), Gone> {
        // A registry is a source too, which knows what is meant by names.
        Source::render_only(&self.now(true), names, ours(exposition), sink)
    }

    fn snapshot(&self) -> Snapshot {
        self.now(false).snapshot()
    }

    fn parts(&self, part: &mut dyn FnMut(&engine::snapshot::Family)) {
        self.now(false).snapshot_in_parts(part);
    }

    fn reset(&self) {
        self.registry.engine.reset();
        self.asker.reset();
    }

    fn set_hygiene(&self, hygiene: Hygiene) {
        self.registry.engine.set_hygiene(Some(hygiene));
        // Isolates remember series by what their labels were.
        self.registry.listed().iter().for_each(|family| family.tell());
    }
}

/// Where a server runs, or why it does not.
type Started = std::result::Result<Arc<Running>, StartError>;

/// Runs a server by its settings, JSON. Promises where it is, `{port, url, address}`, or why it is not, `{code, message}`.
#[napi(catch_unwind)]
pub(crate) fn serve(env: Env, door: &External<Arc<Door>>, settings: String) -> Result<Given> {
    let kept = Arc::clone(door);
    // Here and not on the thread: JavaScript, which writes the environment, cannot do so meanwhile.
    let loaded = Config::from_host(&settings);
    apart(
        &env,
        "tykmetrics-start",
        move || {
            let started = loaded.map_err(StartError::from).and_then(|loaded| kept.start(loaded));
            let mut stage = locked(&kept.stage);
            if let (Ok(running), Stage::New) = (&started, &*stage) {
                *stage = Stage::Runs(Arc::clone(running));
            }
            drop(stage);
            if started.is_err() {
                kept.close();
            }
            started
        },
        described,
    )
}

/// Ends a server. A promise that is kept when its port is free and its threads have ended.
#[napi(catch_unwind)]
pub(crate) fn close_door(env: Env, door: &External<Arc<Door>>) -> Result<Given> {
    let kept = Arc::clone(door);
    forget(&kept);
    apart(&env, "tykmetrics-end", move || kept.close(), |env, ()| Ok(Given(Object::new(env)?.raw())))
}

fn forget(door: &Arc<Door>) {
    DOORS.with_borrow_mut(|doors| {
        doors.iter_mut().for_each(|doors| doors.retain(|known| !Arc::ptr_eq(known, door)));
    });
}

/// Does something on a thread of its own, with a promise of it.
fn apart<T: Send + 'static>(
    env: &Env,
    name: &str,
    run: impl FnOnce() -> T + Send + 'static,
    convert: fn(&Env, T) -> Result<Given>,
) -> Result<Given> {
    let (deferred, promise) = env.create_deferred()?;
    let spawned = thread::Builder::new().name(name.into()).spawn(move || {
        let ran = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run));
        match ran {
            Ok(ran) => deferred.resolve(move |env| convert(&env, ran)),
            Err(_) => deferred.reject(Error::new(Status::GenericFailure, "tykmetrics failed inside")),
        }
    });
    let message = |error| format!("the system gives no thread: {error}; raise the limits of the process");
    spawned.map_err(|error| Error::new(Status::GenericFailure, message(error)))?;
    Ok(Given(promise.raw()))
}

fn described(env: &Env, started: Started) -> Result<Given> {
    let mut object = Object::new(env)?;
    match started {
        Ok(running) => {
            object.set("url", running.url())?;
            object.set("address", running.address().to_string())?;
            if let Address::Tcp(bound) = running.address() {
                object.set("port", u32::from(bound.port()))?;
            }
        }
        Err(error) => {
            object.set("code", code(error.code()))?;
            object.set("message", error.message())?;
        }
    }
    Ok(Given(object.raw()))
}

/// The codes that Node has for it, and ours.
fn code(code: Code) -> &'static str {
    match code {
        Code::AddressInUse => "EADDRINUSE",
        Code::AddressNotAvailable => "EADDRNOTAVAIL",
        Code::PermissionDenied => "EACCES",
        Code::Disabled => "ERR_TYKMETRICS_DISABLED",
        Code::InvalidConfig => "ERR_TYKMETRICS_CONFIG",
        Code::InvalidAddress => "ERR_TYKMETRICS_ADDRESS",
        Code::TlsRequired => "ERR_TYKMETRICS_TLS_REQUIRED",
        Code::Unreadable => "ERR_TYKMETRICS_UNREADABLE",
        Code::InvalidCertificate => "ERR_TYKMETRICS_CERTIFICATE",
        Code::Expired => "ERR_TYKMETRICS_EXPIRED",
        Code::KeyMismatch => "ERR_TYKMETRICS_KEY_MISMATCH",
        _ => "ERR_TYKMETRICS_PLATFORM",
    }
}

/// What JavaScript tells to a question: the metrics of the engine's among it, all samples, and whether some metric is missing.
#[napi(catch_unwind)]
pub(crate) fn answer_door(
    door: &External<Arc<Door>>,
    number: u32,
    except: Vec<ExternalRef<Metric>>,
    told: Vec<Told>,
    is_partial: bool,
) {
    let Beside { except, families, .. } = Beside::new(&door.registry, except, told);
    door.asker.answer(number, Answer { except, families, is_partial });
}

/// Whether JavaScript has something to tell at each scrape, and the labels of every series.
#[napi(catch_unwind)]
pub(crate) fn inform_door(door: &External<Arc<Door>>, is_needed: bool, labels: Vec<(String, String)>) {
    door.asker.know(Known { is_needed, labels });
}
