//! The exported hot functions as machine code: no lock prefix on the way that a thread with a slab takes, and no call but
//! the one that finds the thread's memory.
//!
//! That way is what is run from the entry to the first return if no conditional jump is taken. Read on x86-64 only;
//! what allocates is counted by `ffi-c/tests/c/allocations.c` on every machine.

use super::kit::{prefix, tool};

/// The functions, and how many calls each may make on the way. A histogram may call `__tls_get_addr`, by which code in a
/// shared library finds what is the thread's own; counters find their cells by the word of `ffi-c/src/own.rs`. (What
/// up_downs and summaries do is the same code, of which the linker keeps one.)
const HOT: [(&str, usize); 3] = [("tyk_counter_add", 0), ("tyk_gauge_set", 0), ("tyk_histogram_observe", 1)];

/// The instructions of a function with their addresses, as objdump prints them.
fn instructions<'a>(disassembly: &'a str, function: &str) -> Vec<(&'a str, &'a str)> {
    // A stripped library has the names of its exports alone, which objdump says are of the base version.
    let starts = [format!(" <{function}>:\n"), format!(" <{function}@@Base>:\n")];
    let found = starts.iter().find_map(|start| disassembly.split_once(start));
    let (_, body) = found.unwrap_or_else(|| panic!("{function} is not in the library"));
    let lines = body.lines().take_while(|line| !line.is_empty());
    lines.filter_map(|line| line.split_once(":\t")).map(|(at, what)| (at.trim(), what.trim())).collect()
}

/// What is run from the entry to the first return if no conditional jump is taken. Jumps within the function are
/// followed; one that leaves it ends the way.
fn way<'a>(instructions: &[(&'a str, &'a str)]) -> Vec<&'a str> {
    let (mut way, mut at) = (Vec::new(), 0);
    while way.len() <= instructions.len() && at < instructions.len() {
        let line = instructions[at].1;
        way.push(line);
        let mut words = line.split_whitespace();
        match words.next().unwrap_or("") {
            "jmp" => {
                let target = words.next();
                match instructions.iter().position(|(address, _)| Some(*address) == target) {
                    Some(found) => at = found,
                    None => break,
                }
            }
            word if word.starts_with("ret") || word == "ud2" => break,
            _ => at += 1,
        }
    }
    way
}

/// What a record must not have, and more calls than it may make.
fn fault(way: &[&str], calls: usize) -> Option<String> {
    if !way.last().is_some_and(|line| line.starts_with("ret")) {
        return Some("it does not return".to_owned());
    }
    let word = |line: &str, wanted: &[&str]| line.split_whitespace().any(|word| wanted.contains(&word));
    let forbidden = |line: &&&str| {
        // An exchange with memory locks without saying so.
        (line.starts_with("xchg") && line.contains('(')) || word(line, &["lock", "syscall", "mfence"])
    };
    if let Some(line) = way.iter().find(forbidden) {
        return Some(format!("it has `{line}`"));
    }
    let called: Vec<_> = way.iter().filter(|line| word(line, &["call", "callq"])).collect();
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
        let way = way(&instructions(&disassembly, function));
        assert!(way.len() > 3, "{function}: {way:?}");
        if let Some(fault) = fault(&way, calls) {
            panic!("{function} is not what was promised: {fault}: {way:#?}");
        }
    }
}

#[test]
fn a_lock_and_a_call_too_many_are_found() {
    let plain = ["mov    0x10(%rdi),%edi", "call   10 <__tls_get_addr@plt>", "add    %rbx,(%rax)", "ret"];
    assert_eq!(fault(&plain, 1), None);
    assert!(fault(&plain, 0).is_some());
    for bad in ["lock incq (%rax)", "xchg   %rax,(%rdi)", "syscall", "call   *%rax"] {
        assert!(fault(&[plain[0], plain[1], bad, "ret"], 1).is_some(), "{bad}");
    }
    assert!(fault(&plain[..3], 1).is_some(), "it does not return");
}

#[test]
fn the_way_follows_jumps_within_the_function() {
    let listing =
        "0 <f>:\n   0:\tnop\n   1:\tjmp    4 <f+0x4>\n   3:\tlock incq (%rax)\n   4:\tret\n   5:\tud2\n\n6 <g>:\n";
    assert_eq!(way(&instructions(listing, "f")), ["nop", "jmp    4 <f+0x4>", "ret"]);
    let elsewhere = "0 <f>:\n   0:\tjmp    9 <g>\n   5:\tret\n";
    assert_eq!(way(&instructions(elsewhere, "f")), ["jmp    9 <g>"]);
    let circle = "0 <f>:\n   0:\tjmp    0 <f>\n";
    assert!(fault(&way(&instructions(circle, "f")), 0).is_some());
}
