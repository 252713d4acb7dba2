//! `record_request`, and the `begin` and `end` of a route.

use super::REMEMBERS;
use super::call::Args;
use super::call::{Call, Number, arguments, borrowed, guarded, half, hot, none, number};
use super::labels::{is_constant, let_go};
use super::shard;
use crate::clock;
use crate::requests::{Requests, Route};
use pyo3::ffi::{self, PyObject};
use pyo3::prelude::*;
use std::cell::{Cell, UnsafeCell};
use std::sync::Arc;

/// The requests that were recorded before, by the very objects of the call.
pub(crate) struct Requested<T> {
    places: UnsafeCell<Vec<Option<Known<T>>>>,
    /// The forms of calls with keywords.
    orders: UnsafeCell<Vec<Order>>,
    /// How many forms were met that were not known.
    met: Cell<usize>,
}

/// A form of call: so many arguments without a keyword, then those of a tuple of keywords.
struct Order {
    names: *mut PyObject,
    positional: usize,
    /// The parameter of each argument.
    parameters: [u8; 6],
}

struct Known<T> {
    objects: [*mut PyObject; 4],
    status: u64,
    value: Arc<T>,
}

// SAFETY: only changed with the global lock held; where there is none it stays empty.
unsafe impl<T: Send + Sync> Send for Requested<T> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync> Sync for Requested<T> {}

/// Requests that are known by identity at most: 1024 of 56 bytes.
const REQUESTS: usize = 1024;
/// Orders of keywords that are known at most; programs have one or two.
const ORDERS: usize = 8;

impl<T> Default for Requested<T> {
    fn default() -> Self {
        let places = (0..REQUESTS).map(|_| None).collect::<Vec<_>>();
        Requested { places: places.into(), orders: Vec::new().into(), met: Cell::new(0) }
    }
}

impl<T> Requested<T> {
    #[inline(always)]
    fn place(objects: &[*mut PyObject; 4], status: u64) -> usize {
        // As in `Identities::place`.
        const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
        let add = |hash: u64, object: &*mut PyObject| (hash ^ (*object as u64 >> 4)).wrapping_mul(MIX).rotate_left(29);
        objects.iter().fold(status.wrapping_mul(MIX), add) as usize % REQUESTS
    }

    #[inline(always)]
    fn find(&self, objects: &[*mut PyObject; 4], status: u64) -> Option<&T> {
        if !REMEMBERS {
            return None;
        }
        // SAFETY: alone, and nothing below runs the user's code.
        let places = unsafe { &*self.places.get() };
        let known = places[Self::place(objects, status)].as_ref()?;
        (known.objects == *objects && known.status == status).then_some(&*known.value)
    }

    fn keep(&self, objects: [*mut PyObject; 4], status: u64, value: Arc<T>) {
        if !REMEMBERS {
            return;
        }
        // SAFETY: all of them are arguments of the call under way, or null.
        objects.iter().for_each(|object| unsafe { ffi::Py_XINCREF(*object) });
        // SAFETY: alone until the borrow ends, which is before the one before is let go of.
        let place = &mut unsafe { &mut *self.places.get() }[Self::place(&objects, status)];
        if let Some(before) = place.replace(Known { objects, status, value }) {
            let_go(before.objects.into());
        }
    }

    /// Where each argument of a call of this form goes, if such a call was seen. The keywords alone do not say: a program
    /// has one tuple for all calls with the same ones.
    #[inline(always)]
    fn order(&self, names: *mut PyObject, positional: usize) -> Option<&[u8; 6]> {
        if !REMEMBERS {
            return None;
        }
        // SAFETY: as in `find`.
        let orders = unsafe { &*self.orders.get() };
        let known = orders.iter().find(|order| order.names == names && order.positional == positional)?;
        Some(&known.parameters)
    }

    /// Keeps a form of call. Where there are as many as may be, one in a few takes the place of an older one: calls with a
    /// mapping (`**request`) bring a new tuple of keywords each and must not keep out those that come again.
    fn keep_order(&self, names: *mut PyObject, positional: usize, parameters: [u8; 6]) {
        if !REMEMBERS {
            return;
        }
        let met = self.met.get();
        self.met.set(met.wrapping_add(1));
        // SAFETY: alone until the borrow ends, which is before the one before is let go of.
        let orders = unsafe { &mut *self.orders.get() };
        let mut gone = Vec::new();
        if orders.len() == ORDERS {
            if !met.is_multiple_of(ORDERS) {
                return;
            }
            gone.push(orders.swap_remove(met / ORDERS % ORDERS).names);
        }
        // SAFETY: the names are an argument of the call under way.
        unsafe { ffi::Py_INCREF(names) };
        orders.push(Order { names, positional, parameters });
        let_go(gone);
    }
}

impl<T> Drop for Requested<T> {
    fn drop(&mut self) {
        let places = std::mem::take(self.places.get_mut());
        let orders = std::mem::take(self.orders.get_mut());
        places.into_iter().flatten().for_each(|known| let_go(known.objects.into()));
        let_go(orders.into_iter().map(|order| order.names).collect());
    }
}

/// The parameters of `record_request`.
const REQUEST: [&str; 6] = ["endpoint", "method", "latency_seconds", "status_code", "provider", "model"];

pub(super) unsafe extern "C" fn record_request(
    this: *mut PyObject,
    args: *const *mut PyObject,
    positional: isize,
    names: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: called by the interpreter, on an instance of the class, with as many arguments as it says.
    let (requests, given) = unsafe { (half::<Requests>(this), arguments(args, positional, names)) };
    let mut by_parameter = [std::ptr::null_mut::<PyObject>(); 6];
    let placed = match names.is_null() {
        true if given.0.len() <= 6 => {
            by_parameter[..given.0.len()].copy_from_slice(given.0);
            true
        }
        true => false,
        false => requests.known.order(names, given.1).is_some_and(|order| {
            given.0.iter().zip(order).for_each(|(value, to)| by_parameter[usize::from(*to)] = *value);
            true
        }),
    };
    if placed && !by_parameter[..4].contains(&std::ptr::null_mut()) {
        let [endpoint, method, latency, status, provider, model] = by_parameter;
        // SAFETY: the arguments are alive.
        if let (Some(seconds), Number::Whole(status)) = unsafe {
            let seconds = match number(latency) {
                Number::Float(v) => Some(v),
                Number::Whole(n) => Some(n as f64),
                Number::Other => None,
            };
            (seconds, number(status))
        } && let Some(outcome) = requests.known.find(&[endpoint, method, provider, model], status)
        {
            shard::record!(|shard| outcome.record_on(shard, seconds), outcome.record(seconds));
            return none();
        }
    }
    guarded(|py| {
        // SAFETY: as above.
        let call = unsafe { Call::new(py, given, names)? };
        let bound = call.bind("record_request", REQUEST, 4)?;
        let (outcome, seconds, status) = requests.resolve(&bound)?;
        shard::record!(|shard| outcome.record_on(shard, seconds), outcome.record(seconds));
        // What is kept is what the fast path sees: null where nothing was given.
        let seen = |at: usize| bound[at].map_or(std::ptr::null_mut(), |object| object.as_ptr());
        let objects = [seen(0), seen(1), seen(4), seen(5)];
        // SAFETY: arguments are alive.
        if objects.iter().all(|object| object.is_null() || unsafe { is_constant(*object) }) {
            requests.known.keep(objects, status, outcome);
        }
        if !names.is_null() && requests.known.order(names, given.1).is_none() {
            let mut order = [0; 6];
            for (at, to) in order.iter_mut().enumerate().take(call.values.len()) {
                *to = match at.checked_sub(call.positional) {
                    None => at as u8,
                    Some(named) => REQUEST.iter().position(|name| *name == call.names[named]).unwrap_or(0) as u8,
                };
            }
            requests.known.keep_order(names, given.1, order);
        }
        Ok(py.None())
    })
}

pub(super) unsafe extern "C" fn route_begin(_route: *mut PyObject, _: *mut PyObject) -> *mut PyObject {
    match clock::perf_counter_ns() {
        // SAFETY: called attached.
        Some(nanos) => unsafe { ffi::PyLong_FromLongLong(nanos) },
        None => guarded(|py| Ok(clock::patched_perf_counter_ns(py)?.into_pyobject(py)?.into_any().unbind())),
    }
}

hot!(
    route_end,
    Route,
    |this, args| match args {
        [begin, status] => {
            // SAFETY: the arguments are alive.
            match unsafe { (number(*begin), number(*status), clock::perf_counter_ns()) } {
                (Number::Whole(begin), Number::Whole(status), Some(now)) => {
                    let seconds = (now as u64).saturating_sub(begin) as f64 / 1e9;
                    this.known(status).map(|outcome| {
                        shard::record!(|shard| outcome.record_on(shard, seconds), outcome.record(seconds));
                        none()
                    })
                }
                _ => None,
            }
        }
        _ => None,
    },
    Route::end_slowly
);

/// Records an outcome from safe code.
pub(crate) fn record(outcome: &engine::Outcome, seconds: f64) {
    shard::record!(|shard| outcome.record_on(shard, seconds), outcome.record(seconds));
}
