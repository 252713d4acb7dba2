//! The record path as machine code: no lock prefix, no call, and no more instructions than there were.
//!
//! The straight-line code of a recording function (from its entry to the first return, no conditional jump taken) is what
//! a thread runs that has its slab. It is read from the disassembly, on x86-64. Counts come from callgrind, which counts
//! instructions and not time, so that they are the same on a busy machine.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The functions of `examples/hot.rs`, and the most instructions that a call of each may take, its own return among them:
/// those that were counted on x86-64, with rustc 1.95.0.
const BUDGETS: [(&str, u64); 5] = [
    ("counter_add", 6),
    ("up_down_dec", 4),
    ("histogram_observe", 36),
    ("histogram_observe_nanos", 46),
    ("lookup_add", 216),
];

/// For another compiler's choice of instructions, another processor's `memcmp` and the loop around: a tenth.
const SLACK_PERCENT: u64 = 10;

/// Calls of the shorter run, in which the thread gets its slab and its cache, and the difference to the longer one.
const WARM: u64 = 1_000;
const CALLS: u64 = 100_000;

/// The example, built in release.
fn example() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let test = std::env::current_exe().expect("the test's own path");
        // target/<profile>/deps/<test>
        let target = test.ancestors().nth(3).expect("the target folder").to_owned();
        let built = Command::new(env!("CARGO"))
            .args(["build", "--release", "-p", "tykmetrics-tests", "--example", "hot", "--target-dir"])
            .arg(&target)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            // Flags of the outer build (a sanitizer, coverage) are no part of what is shipped.
            .env_remove("RUSTFLAGS")
            .output()
            .expect("cargo runs");
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        target.join("release/examples/hot")
    })
}

fn run(program: &str, arguments: &[&str]) -> std::process::Output {
    let output = Command::new(program).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{program} is needed ({error}): run `make tools`"));
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

/// The instructions of a function, as objdump prints them.
fn instructions<'a>(disassembly: &'a str, function: &str) -> Vec<&'a str> {
    let start = format!(" <{function}>:\n");
    let (_, body) = disassembly.split_once(&start).unwrap_or_else(|| panic!("{function} is not in the example"));
    let lines = body.lines().take_while(|line| !line.is_empty());
    lines.filter_map(|line| Some(line.split_once(":\t")?.1.trim())).collect()
}

/// The straight-line part: up to the first return or jump elsewhere. An unconditional jump within the function is not
/// followed, so code that is laid out so cannot pass for short.
fn straight<'a>(instructions: &[&'a str]) -> Vec<&'a str> {
    let ends = |line: &&str| {
        let word = line.split_whitespace().next().unwrap_or("");
        word.starts_with("ret") || word.starts_with("jmp") || word == "ud2"
    };
    let end = instructions.iter().position(ends).map_or(instructions.len(), |at| at + 1);
    instructions[..end].to_vec()
}

/// What the straight-line part of a function has that a record must not have.
fn fault(straight: &[&str]) -> Option<String> {
    let returns = straight.last().is_some_and(|line| line.starts_with("ret"));
    if !returns {
        return Some(format!("it does not return: {straight:#?}"));
    }
    let forbidden = |line: &&&str| {
        let mut words = line.split_whitespace();
        // An exchange with memory locks without saying so.
        let exchange = line.starts_with("xchg") && line.contains('(');
        exchange || words.any(|word| matches!(word, "lock" | "call" | "callq" | "syscall" | "mfence"))
    };
    straight.iter().find(forbidden).map(|line| format!("it has `{line}`: {straight:#?}"))
}

#[test]
fn a_record_has_no_lock_prefix_and_no_call() {
    if cfg!(not(target_arch = "x86_64")) {
        println!("the disassembly is only read on x86-64; instruction counts are checked here too");
        return;
    }
    let example = example().to_str().expect("a path in UTF-8");
    let output = run("objdump", &["-d", "--no-show-raw-insn", example]);
    let disassembly = String::from_utf8_lossy(&output.stdout);
    for function in ["counter_add", "up_down_dec", "histogram_observe", "histogram_observe_nanos"] {
        let straight = straight(&instructions(&disassembly, &format!("hot_{function}")));
        assert!(straight.len() > 3, "{function}: {straight:?}");
        if let Some(fault) = fault(&straight) {
            panic!("the record path of {function} is not what was promised: {fault}");
        }
    }
}

#[test]
fn a_lock_or_a_call_is_found() {
    let plain =
        ["mov    0x14(%rdi),%edi", "jae    21f3c <f+0x2c>", "add    %rbx,(%rax,%rdi,8)", "ret", "lock incq (%rax)"];
    assert_eq!(straight(&plain).len(), 4);
    assert_eq!(fault(&straight(&plain)), None);
    for bad in ["lock incq (%rax)", "call   73650 <f>", "xchg   %rax,(%rdi)", "syscall", "jmp    21f3c <f+0x2c>"] {
        assert!(fault(&straight(&[plain[0], bad, "ret"])).is_some(), "{bad}");
    }
    let listing = "0000 <f>:\n   0:\tnop\n   1:\tret\n\n0002 <g>:\n   2:\tud2\n";
    assert_eq!((instructions(listing, "f"), instructions(listing, "g")), (vec!["nop", "ret"], vec!["ud2"]));
}

/// Instructions of a run, by callgrind.
fn counted(function: &str, calls: u64) -> u64 {
    let example = example().to_str().expect("a path in UTF-8");
    let calls = calls.to_string();
    let output = run("valgrind", &["--tool=callgrind", "--callgrind-out-file=/dev/null", example, function, &calls]);
    let said = String::from_utf8_lossy(&output.stderr);
    let number = said.lines().find_map(|line| line.split_once("Collected : ")).map(|(_, number)| number.trim());
    number.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("callgrind said {said}"))
}

/// What a call costs within the run's loop, rounded.
fn per_call(function: &str) -> u64 {
    let more = counted(function, WARM + CALLS) - counted(function, WARM);
    (more + CALLS / 2) / CALLS
}

#[test]
fn a_record_takes_no_more_instructions_than_it_did() {
    // The loop and the call, without the four instructions of the function that does nothing.
    let around = per_call("nothing") - 4;
    let mut over = Vec::new();
    for (function, budget) in BUDGETS {
        let cost = per_call(function) - around;
        println!("{function}: {cost} instructions, at most {budget}");
        if cost * 100 > budget * (100 + SLACK_PERCENT) {
            over.push(format!("{function} takes {cost} instructions, and may take {budget}"));
        }
    }
    assert!(over.is_empty(), "{over:?}");
}
