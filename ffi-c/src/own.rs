//! Where the calling thread's cells are, in one read.
//!
//! In a shared library a thread-local of Rust is found by a call (`__tls_get_addr`), which takes longer than the whole
//! record. So the address is kept in a word of the initial-exec model, which is at a fixed place
//! behind the thread register; stable Rust has no such variable, hence the few lines of assembly. The price: the library's
//! thread-locals, 480 bytes (240 without the server; `readelf -lW`), come from the room that glibc keeps for libraries that
//! are loaded late (1,664 bytes unless tuned, `glibc.rtld.optional_static_tls`); where that is used up, dlopen says so.
//! Elsewhere the call it is.

use engine::ThreadCells;

/// The address of the calling thread's own cells.
#[inline(always)]
pub(crate) fn cells() -> *const ThreadCells {
    let known = word::read();
    if known.is_null() { find() } else { known }
}

#[cold]
#[inline(never)]
fn find() -> *const ThreadCells {
    let found = ThreadCells::address();
    word::write(found);
    found
}

#[cfg(all(target_arch = "x86_64", target_os = "linux", target_env = "gnu"))]
mod word {
    use engine::ThreadCells;
    use std::arch::{asm, global_asm};

    global_asm!(
        ".pushsection .tbss.tyk_own_word,\"awT\",@nobits",
        ".balign 8",
        ".globl tyk_own_word",
        ".hidden tyk_own_word",
        ".type tyk_own_word, @object",
        ".size tyk_own_word, 8",
        "tyk_own_word:",
        ".zero 8",
        ".popsection",
    );

    #[inline(always)]
    pub(super) fn read() -> *const ThreadCells {
        let word: *const ThreadCells;
        // SAFETY: reads the calling thread's word, which is zero at first.
        unsafe {
            asm!(
                "mov {word}, qword ptr [rip + tyk_own_word@GOTTPOFF]",
                "mov {word}, qword ptr fs:[{word}]",
                word = out(reg) word,
                options(nostack, readonly, preserves_flags),
            );
        }
        word
    }

    pub(super) fn write(word: *const ThreadCells) {
        // SAFETY: writes the calling thread's word, of which nobody else knows.
        unsafe {
            asm!(
                "mov {place}, qword ptr [rip + tyk_own_word@GOTTPOFF]",
                "mov qword ptr fs:[{place}], {word}",
                place = out(reg) _,
                word = in(reg) word,
                options(nostack, preserves_flags),
            );
        }
    }
}

#[cfg(not(all(target_arch = "x86_64", target_os = "linux", target_env = "gnu")))]
mod word {
    use engine::ThreadCells;

    #[inline(always)]
    pub(super) fn read() -> *const ThreadCells {
        ThreadCells::address()
    }

    pub(super) fn write(_word: *const ThreadCells) {}
}
