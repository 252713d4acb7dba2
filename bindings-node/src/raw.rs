//! Memory that JavaScript and the engine share, and every raw pointer of this crate.
//!
//! * [`Lent`]: memory of V8's that is kept alive and whose address is known. Cells are attached from it.
//! * [`Words`]: such memory in which an isolate hears of removals.
//! * [`window`]: the engine's own memory as an `ArrayBuffer`.
//! * [`string`]: large results as strings that are not copied.

use engine::{Attachment, CellEncoding, Shard};
use napi::bindgen_prelude::{ArrayBuffer, Buffer, Float64Array, FromNapiValue, JsValue as _, ToNapiValue};
use napi::{Env, Error, Result, Status, sys};
use std::ffi::{c_char, c_void};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

fn checked(status: sys::napi_status, what: &str) -> Result<()> {
    match status {
        sys::Status::napi_ok => Ok(()),
        status => Err(Error::new(Status::from(status), format!("tykmetrics: {what} failed"))),
    }
}

/// An `ArrayBuffer` of JavaScript's that is kept until this is let go of.
pub(crate) struct Lent {
    env: sys::napi_env,
    reference: sys::napi_ref,
    memory: *mut c_void,
    bytes: usize,
}

impl Lent {
    /// Keeps an `ArrayBuffer`.
    pub(crate) fn new(env: &Env, buffer: &ArrayBuffer<'_>) -> Result<Lent> {
        Lent::of(env, buffer.raw())
    }

    /// Keeps a value that is an `ArrayBuffer`.
    fn of(env: &Env, value: sys::napi_value) -> Result<Lent> {
        let (mut memory, mut bytes, mut reference) = (null_mut(), 0, null_mut());
        // SAFETY: the calls write to what they are given room for, of a value that is alive in this call.
        unsafe {
            let status = sys::napi_get_arraybuffer_info(env.raw(), value, &mut memory, &mut bytes);
            checked(status, "looking at an ArrayBuffer")?;
            checked(sys::napi_create_reference(env.raw(), value, 1, &mut reference), "keeping an ArrayBuffer")?;
        }
        Ok(Lent { env: env.raw(), reference, memory, bytes })
    }

    /// Lets the memory hold the cells of the numbers from `first` on, as doubles.
    pub(crate) fn attach(&self, first: u32) -> engine::Result<Attachment> {
        let cells = u32::try_from(self.bytes / 8).unwrap_or(u32::MAX);
        // SAFETY: JavaScript gives a buffer that it made just now, of zeroes, and keeps to itself; the reference keeps it
        // until the attachment is dropped, which is done first, by the isolate's own thread. That thread is its only
        // writer, by stores of a Float64Array, which are whole and aligned.
        unsafe { Attachment::new(CellEncoding::F64, first, self.memory.cast(), cells) }
    }

    /// The buffer.
    pub(crate) fn value(&self) -> Result<sys::napi_value> {
        let mut value = null_mut();
        // SAFETY: the reference was made by this environment and is alive.
        let status = unsafe { sys::napi_get_reference_value(self.env, self.reference, &mut value) };
        checked(status, "finding an ArrayBuffer")?;
        Ok(value)
    }

    /// Lets the buffer go. To be called on the isolate's thread while its environment lives.
    pub(crate) fn let_go(self) {
        // SAFETY: as in `value`; it is not used again.
        unsafe { sys::napi_delete_reference(self.env, self.reference) };
    }
}

/// The words of an isolate, in memory that it lends: by them it hears of what others did.
pub(crate) struct Words(Lent);

/// The words of one isolate that are lent at this moment, by the address of the first; and how many isolates ever lent some.
static LENT_WORDS: Mutex<(Vec<usize>, u32)> = Mutex::new((Vec::new(), 0));

fn lent_words() -> MutexGuard<'static, (Vec<usize>, u32)> {
    LENT_WORDS.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Words {
    /// As many words, of zeroes. If there ever was another isolate, the first word of all of them moves on.
    pub(crate) fn lend(env: &Env, count: u32) -> Result<Words> {
        let words = Words(Lent::new(env, &buffer(env, count as usize * 4)?)?);
        let mut lent = lent_words();
        lent.0.push(words.base());
        lent.1 += 1;
        if lent.1 > 1 {
            lent.0.iter().for_each(|base| Word { base: *base, at: 0 }.bump(&lent));
        }
        Ok(words)
    }

    fn base(&self) -> usize {
        self.0.memory as usize
    }

    /// One of them.
    pub(crate) fn word(&self, at: u32) -> Word {
        assert!((at as usize + 1) * 4 <= self.0.bytes, "a word of the memory");
        Word { base: self.base(), at }
    }

    /// The buffer.
    pub(crate) fn value(&self) -> Result<sys::napi_value> {
        self.0.value()
    }

    /// Lets the memory go: nobody writes there any more, whoever still knows a word.
    pub(crate) fn let_go(self) {
        lent_words().0.retain(|base| *base != self.base());
        self.0.let_go();
    }
}

/// A word that one isolate reads and any may move on.
#[derive(Clone, Copy, PartialEq)]
pub(crate) struct Word {
    base: usize,
    at: u32,
}

impl Word {
    /// Moves words on, those whose isolate still lends them.
    pub(crate) fn bump_all(words: &[Word]) {
        let lent = lent_words();
        words.iter().for_each(|word| word.bump(&lent));
    }

    fn bump(self, lent: &(Vec<usize>, u32)) {
        if !lent.0.contains(&self.base) {
            return;
        }
        let word = (self.base as *mut u32).wrapping_add(self.at as usize);
        // SAFETY: lent as long as the lock is held, which `lent` shows; aligned as a buffer is, and within it, since only
        // `Words::word` makes words.
        let word = unsafe { AtomicU32::from_ptr(word) };
        // Relaxed: a hint to look series up again. What was removed is held until the isolate let go of it.
        word.fetch_add(1, Relaxed);
    }
}

/// The cells from `first` on, `count` of them, as an `ArrayBuffer` that is kept. An error of the status `NoExternalBuffersAllowed`
/// where the runtime keeps all memory within a cage of its own.
pub(crate) fn window(env: &Env, shard: &Shard, first: u32, count: u32) -> Result<Lent> {
    if first.checked_add(count).is_none_or(|end| end > shard.limit()) {
        return Err(Error::new(Status::InvalidArg, "tykmetrics: no such cells"));
    }
    let mut value = null_mut();
    // SAFETY: within the shard's cells, which lie there for the life of the process, so that nothing is to be done when
    // the buffer is collected. JavaScript writes them on the shard's thread alone, until its environment ends.
    let status = unsafe {
        let memory = shard.cells().add(first as usize).cast();
        sys::napi_create_external_arraybuffer(env.raw(), memory, count as usize * 8, None, null_mut(), &mut value)
    };
    checked(status, "lending cells")?;
    Lent::of(env, value)
}

/// A value that was made here, to be given to JavaScript.
pub(crate) struct Given(pub(crate) sys::napi_value);

impl ToNapiValue for Given {
    unsafe fn to_napi_value(_: sys::napi_env, value: Self) -> Result<sys::napi_value> {
        Ok(value.0)
    }
}

type Finalize = Option<unsafe extern "C" fn(sys::napi_env, *mut c_void, *mut c_void)>;
type ExternalLatin1 = unsafe extern "C" fn(
    sys::napi_env,
    *mut c_char,
    usize,
    Finalize,
    *mut c_void,
    *mut sys::napi_value,
    *mut bool,
) -> sys::napi_status;

/// `node_api_create_external_string_latin1`, which runtimes have since Node 20.4 and declare stable since 22.14.
fn external_latin1() -> Option<ExternalLatin1> {
    static FOUND: OnceLock<Option<ExternalLatin1>> = OnceLock::new();
    *FOUND.get_or_init(|| {
        #[cfg(unix)]
        // SAFETY: a look at the symbols of the process; what it finds is the function of that name.
        unsafe {
            let found = libc::dlsym(libc::RTLD_DEFAULT, c"node_api_create_external_string_latin1".as_ptr());
            std::mem::transmute::<*mut c_void, Option<ExternalLatin1>>(found)
        }
        #[cfg(not(unix))]
        None
    })
}

/// Texts below this are copied: a string that lies elsewhere costs a finalizer.
const COPIED: usize = 64 * 1024;

/// Of V8's strings. What is longer is refused, also where it is copied.
const LONGEST: usize = (1 << 29) - 24;

/// A text that a thread rendered, as a string. Large texts of ASCII are not copied: copying a scrape would hold the event
/// loop for as long.
pub(crate) fn string(env: &Env, text: Vec<u8>, is_ascii: bool) -> Result<sys::napi_value> {
    let mut value = null_mut();
    if is_ascii
        && (COPIED..=LONGEST).contains(&text.len())
        && let Some(create) = external_latin1()
    {
        unsafe extern "C" fn free(env: sys::napi_env, _: *mut c_void, hint: *mut c_void) {
            // SAFETY: the box that was given as the hint, once.
            let text = unsafe { Box::from_raw(hint.cast::<Vec<u8>>()) };
            account(env, -(text.len() as i64));
        }
        let mut text = Box::new(text);
        let (data, len, mut copied) = (text.as_mut_ptr(), text.len(), false);
        let hint = Box::into_raw(text);
        // However many strings lie elsewhere, the collector does not begin unless it is told of them.
        account(env.raw(), len as i64);
        // SAFETY: the text lives in the box until `free` is called, which the runtime does at once if it copies.
        let status = unsafe { create(env.raw(), data.cast(), len, Some(free), hint.cast(), &mut value, &mut copied) };
        return checked(status, "making a string").map(|()| value);
    }
    // SAFETY: the text is alive for the call, and its length is told.
    let status = unsafe {
        match is_ascii {
            true => sys::napi_create_string_latin1(env.raw(), text.as_ptr().cast(), text.len() as isize, &mut value),
            false => sys::napi_create_string_utf8(env.raw(), text.as_ptr().cast(), text.len() as isize, &mut value),
        }
    };
    checked(status, "making a string")?;
    Ok(value)
}

/// Tells the collector of memory that its values keep.
fn account(env: sys::napi_env, bytes: i64) {
    let mut now = 0;
    // SAFETY: the call writes to what it is given room for. What it says matters to nobody.
    unsafe { sys::napi_adjust_external_memory(env, bytes, &mut now) };
}

/// Bytes as a `Buffer`, which is given the memory.
pub(crate) fn bytes(env: &Env, bytes: Vec<u8>) -> Result<sys::napi_value> {
    // SAFETY: called on the environment's thread, as whoever has an `Env` is.
    unsafe { ToNapiValue::to_napi_value(env.raw(), Buffer::from(bytes)) }
}

/// An `ArrayBuffer` of V8's own, of zeroes.
pub(crate) fn buffer(env: &Env, bytes: usize) -> Result<ArrayBuffer<'_>> {
    let (mut data, mut value) = (null_mut(), null_mut());
    // SAFETY: the calls write to what they are given room for.
    unsafe {
        checked(sys::napi_create_arraybuffer(env.raw(), bytes, &mut data, &mut value), "making an ArrayBuffer")?;
        ArrayBuffer::from_napi_value(env.raw(), value)
    }
}

/// Changes a cell of the calling isolate's own, of which nobody else is a writer; gives what it was.
pub(crate) fn change(cells: &mut Float64Array, at: u32, change: impl FnOnce(f64) -> f64) -> f64 {
    // SAFETY: the array's memory is the isolate's cells, which JavaScript does not write while it waits for this call.
    let Some(cell) = (unsafe { cells.as_mut() }).get_mut(at as usize) else { return f64::NAN };
    // SAFETY: as above; others may read it, so it is written whole.
    let cell = unsafe { AtomicU64::from_ptr(std::ptr::from_mut(cell).cast()) };
    // Relaxed: the cell by itself.
    let before = f64::from_bits(cell.load(Relaxed));
    cell.store(change(before).to_bits(), Relaxed);
    before
}

/// Numbers as the memory of a `Float64Array`.
pub(crate) fn floats(env: &Env, numbers: impl ExactSizeIterator<Item = f64>) -> Result<sys::napi_value> {
    filled(env, numbers)
}

/// Numbers as the memory of a `Uint32Array`.
pub(crate) fn whole_numbers(env: &Env, numbers: impl ExactSizeIterator<Item = u32>) -> Result<sys::napi_value> {
    filled(env, numbers)
}

fn filled<T: Copy>(env: &Env, numbers: impl ExactSizeIterator<Item = T>) -> Result<sys::napi_value> {
    let numbers: Vec<T> = numbers.collect();
    let (mut data, mut value) = (null_mut(), null_mut());
    // SAFETY: the call writes to what it is given room for.
    let status = unsafe { sys::napi_create_arraybuffer(env.raw(), size_of_val(&*numbers), &mut data, &mut value) };
    checked(status, "making an ArrayBuffer")?;
    if !numbers.is_empty() {
        // SAFETY: there is room for as many bytes, in memory that nobody else knows.
        unsafe { std::ptr::copy_nonoverlapping(numbers.as_ptr().cast::<u8>(), data.cast(), size_of_val(&*numbers)) };
    }
    Ok(value)
}
