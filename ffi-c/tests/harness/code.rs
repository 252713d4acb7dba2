//! The exported hot functions as machine code: no lock prefix on the way that a thread with a slab takes, and no call but
//! the one that finds the thread's memory.
//!
//! That way is the straight-line code from the entry to the first return, no conditional jump taken. Read on x86-64 only;
//! what allocates is counted by `ffi-c/tests/c/allocations.c` on every machine.

use super::kit::{prefix, tool};

/// The functions, and how many calls each may make on the way: that of `__tls_get_addr`, by which code in a shared library
/// finds what is the thread's own.
const HOT: [(&str, usize); 2] = [("tyk_counter_add", 1), ("tyk_histogram_observe", 1)];

/// The instructions of a function, as objdump prints them.
fn instructions<'a>(disassembly: &'a str, function: &str) -> Vec<&'a str> {
    let start = format!(" <{function}>:\n");
    let (_, body) = disassembly.split_once(&start).unwrap_or_else(|| panic!("{function} is not in the library"));
    let lines = body.lines().take_while(|line| !line.is_empty());
    lines.filter_map(|line| Some(line.split_once(":\t")?.1.trim())).collect()
}

/// The straight-line part, up to the first return or unconditional jump.
fn straight<'a>(instructions: &[&'a str]) -> Vec<&'a str> {
    let ends = |line: &&str| {
        let word = line.split_whitespace().next().unwrap_or("");
        word.starts_with("ret") || word.starts_with("jmp") || word == "ud2"
    };
    let end = instructions.iter().position(ends).map_or(instructions.len(), |at| at + 1);
    instructions[..end].to_vec()
}

/// What a record must not have, and more calls than it may make.
fn fault(straight: &[&str], calls: usize) -> Option<String> {
    if !straight.last().is_some_and(|line| line.starts_with("ret")) {
        return Some("it does not return".to_owned());
    }
    let word = |line: &str, wanted: &[&str]| line.split_whitespace().any(|word| wanted.contains(&word));
    let forbidden = |line: &&&str| {
        // An exchange with memory locks without saying so.
        (line.starts_with("xchg") && line.contains('(')) || word(line, &["lock", "syscall", "mfence"])
    };
    if let Some(line) = straight.iter().find(forbidden) {
        return Some(format!("it has `{line}`"));
    }
    let called: Vec<_> = straight.iter().filter(|line| word(line, &["call", "callq"])).collect();
    (called.len() > calls).then(|| format!("it calls {called:?}"))
}

#[test]
fn a_hot_function_has_no_lock_and_no_call_but_for_the_threads_own_memory() {
    if cfg!(not(target_arch = "x86_64")) {
        println!("the disassembly is only read on x86-64");
        return;
    }
    let library = prefix().join("lib/libtykmetrics.so");
    let disassembly = tool("objdump", ["-d", "--no-show-raw-insn", library.to_str().expect("a path in UTF-8")]);
    for (function, calls) in HOT {
        let straight = straight(&instructions(&disassembly, function));
        assert!(straight.len() > 3, "{function}: {straight:?}");
        if let Some(fault) = fault(&straight, calls) {
            panic!("{function} is not what was promised: {fault}: {straight:#?}");
        }
    }
}

#[test]
fn a_lock_and_a_call_too_many_are_found() {
    let plain = ["mov    0x10(%rdi),%edi", "call   10 <__tls_get_addr@plt>", "add    %rbx,(%rax)", "ret", "lock incq (%rax)"];
    assert_eq!(fault(&straight(&plain), 1), None);
    assert!(fault(&straight(&plain), 0).is_some());
    for bad in ["lock incq (%rax)", "xchg   %rax,(%rdi)", "syscall", "jmp    21f3c <f+0x2c>", "call *%rax"] {
        assert!(fault(&straight(&[plain[0], plain[1], bad, "ret"]), 1).is_some(), "{bad}");
    }
}
