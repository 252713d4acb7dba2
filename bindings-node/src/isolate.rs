//! What the calling thread's isolate has of the engine: a shard, memory that it lends, and words by which it hears of
//! removals.
//!
//! An isolate runs on one thread at a time, so a thread's shard has one writer. It is opened when the addon is loaded and
//! goes back, counts in place, when the environment ends; until then every module instance of the isolate shares it.

use crate::error::OrThrow;
use crate::raw::{self, Given, Lent, Word, Words};
use engine::{Attachment, CellEncoding, Owner, Shard};
use napi::bindgen_prelude::{JsValue as _, Object};
use napi::{Env, Result, Status};
use napi_derive::napi;
use std::cell::RefCell;
use std::collections::HashMap;

/// Words in each isolate: the first says whether the process had another isolate, the others tell of removals, one for each
/// metric. Metrics share them when there are more, and then look up once too often.
const WORDS: u32 = 4096;

/// What a thread has.
struct Isolate {
    shard: Option<Shard>,
    /// The words, one for each metric.
    words: Words,
    words_given: u32,
    /// Cells that lie in memory of JavaScript's, by first number and count. The attachments go first.
    lent: HashMap<(u32, u32), (Attachment, Lent)>,
    /// The engine's memory that was lent, by first cell and count: made once, whatever module asks.
    windows: HashMap<(u32, u32), Lent>,
}

thread_local! {
    static ISOLATE: RefCell<Option<Isolate>> = const { RefCell::new(None) };
}

fn with<R>(env: &Env, run: impl FnOnce(&mut Isolate) -> Result<R>) -> Result<R> {
    ISOLATE.with_borrow_mut(|isolate| match isolate {
        Some(isolate) => run(isolate),
        None => {
            let words = Words::lend(env, WORDS)?;
            let shard = Shard::open(Owner::Isolate, CellEncoding::F64);
            env.add_env_cleanup_hook((), |()| close())?;
            let fresh = Isolate { shard, words, words_given: 0, lent: HashMap::new(), windows: HashMap::new() };
            run(isolate.insert(fresh))
        }
    })
}

/// Gives everything back. JavaScript of this isolate does not run any more.
fn close() {
    let Some(isolate) = ISOLATE.take() else { return };
    for (attachment, lent) in isolate.lent.into_values() {
        // Copies the counts.
        drop(attachment);
        lent.let_go();
    }
    isolate.windows.into_values().for_each(Lent::let_go);
    drop(isolate.shard);
    crate::registry::close();
    isolate.words.let_go();
}

/// A word for one more metric of this isolate, and its number.
pub(crate) fn word(env: &Env) -> Result<(u32, Word)> {
    with(env, |isolate| {
        let at = 1 + isolate.words_given % (WORDS - 1);
        isolate.words_given += 1;
        Ok((at, isolate.words.word(at)))
    })
}

/// Opens the isolate's shard, or finds it.
#[napi(catch_unwind)]
pub(crate) fn open(env: Env) -> Result<Given> {
    with(&env, |isolate| {
        let mut object = Object::new(&env)?;
        object.set("limit", isolate.shard.as_ref().map_or(0, Shard::limit))?;
        object.set("words", Given(isolate.words.value()?))?;
        Ok(Given(object.raw()))
    })
}

/// The shard's cells from `first` on as an `ArrayBuffer`, the same one each time. Null where the runtime has none outside
/// of its own memory.
#[napi(catch_unwind)]
pub(crate) fn window(env: Env, first: u32, count: u32) -> Result<Option<Given>> {
    with(&env, |isolate| {
        if let Some(window) = isolate.windows.get(&(first, count)) {
            return window.value().map(|value| Some(Given(value)));
        }
        let Some(shard) = &isolate.shard else { return Ok(None) };
        match raw::window(&env, shard, first, count) {
            Ok(lent) => {
                let value = lent.value()?;
                isolate.windows.insert((first, count), lent);
                Ok(Some(Given(value)))
            }
            Err(error) if error.status == Status::NoExternalBuffersAllowed => Ok(None),
            Err(error) => Err(error),
        }
    })
}

/// Memory of JavaScript's own that holds the cells from `first` on, until the isolate ends: the same buffer each time. Where
/// the shard has no such cells, or the runtime cannot reach them.
#[napi(catch_unwind)]
pub(crate) fn lend(env: Env, first: u32, count: u32) -> Result<Given> {
    with(&env, |isolate| {
        if let Some((_, lent)) = isolate.lent.get(&(first, count)) {
            return lent.value().map(Given);
        }
        let lent = Lent::new(&env, &raw::buffer(&env, count as usize * 8)?)?;
        match lent.attach(first).or_throw() {
            Ok(attachment) => {
                let value = lent.value()?;
                isolate.lent.insert((first, count), (attachment, lent));
                Ok(Given(value))
            }
            Err(error) => {
                lent.let_go();
                Err(error)
            }
        }
    })
}
