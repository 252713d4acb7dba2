//! Every exported function, called from C with every pointer NULL.
//!
//! The program is generated from the header's prototypes, so a function that the header gains is called too, or the test
//! fails for want of arguments for it. `ffi-c/tests/c/stage.c` makes the arguments, and judges: with valid ones a cold
//! function succeeds (else a NULL beside them would show nothing), with a NULL it says `null_pointer`, unless that pointer
//! is optional; a hot one returns.

use super::header::{Function, Parameter, functions};
use super::kit::{ADDRESS, Link, Program, program, run, scratch, source, valgrind};
use std::fmt::Write;
use std::path::PathBuf;

/// Pointers that may be NULL, and why. A function's name ends in a star where the reason holds for all that begin so.
const OPTIONAL: &[(&str, &str, &str)] = &[
    ("*", "user", "is the caller's own word and never followed"),
    ("tyk_registry_new", "options", "NULL asks for the defaults"),
    ("tyk_registry_collect_process", "namespace_", "NULL asks for no namespace"),
    ("tyk_negotiate", "accept", "NULL is a client that sent no such header"),
    ("tyk_negotiate", "accept_encoding", "NULL is a client that sent no such header"),
    ("tyk_exposition_content_type", "exposition", "NULL asks for text"),
    ("tyk_render", "exposition", "NULL asks for text"),
    ("tyk_render_to", "exposition", "NULL asks for text"),
    ("tyk_snapshot_render", "exposition", "NULL asks for text"),
    ("tyk_serve", "settings", "NULL leaves all to the environment"),
    ("tyk_serve", "log", "NULL is standard error"),
];

/// Functions that are not called, and why.
const INNER: &[(&str, &str)] = &[
    ("tyk_series_cell_inline", "is a part of the inline functions, which look at the handle before"),
    ("tyk_table_observe_inline", "is a part of the inline functions, which look at the handle before"),
];

/// Arguments by type and name: what is found first holds. A star is any function, any name.
const ARGUMENTS: &[(&str, &str, &str, &str)] = &[
    // function, type, name: the argument
    ("tyk_registry_list", "tyk_registry*", "*", "s->other"),
    ("*", "tyk_registry*", "*", "s->registry"),
    ("tyk_registry_free", "tyk_registry**", "*", "&s->other"),
    ("*", "tyk_registry**", "*", "&s->made_registry"),
    ("tyk_family_free", "tyk_family**", "*", "&s->of[TYK_COUNTER]"),
    ("*", "tyk_family**", "*", "&s->made_family"),
    ("tyk_gauge_*", "tyk_family*", "*", "s->of[TYK_GAUGE]"),
    ("tyk_up_down_*", "tyk_family*", "*", "s->of[TYK_UP_DOWN]"),
    ("tyk_histogram_*", "tyk_family*", "*", "s->of[TYK_HISTOGRAM]"),
    ("tyk_summary_*", "tyk_family*", "*", "s->of[TYK_SUMMARY]"),
    ("tyk_info_*", "tyk_family*", "*", "s->of[TYK_INFO]"),
    ("tyk_state_set_*", "tyk_family*", "*", "s->of[TYK_STATE_SET]"),
    ("tyk_family_set", "tyk_family*", "*", "s->of[TYK_GAUGE]"),
    ("tyk_family_observe", "tyk_family*", "*", "s->of[TYK_HISTOGRAM]"),
    ("*", "tyk_family*", "*", "s->of[TYK_COUNTER]"),
    ("tyk_snapshot_delta", "tyk_snapshot*", "before", "s->before"),
    ("*", "tyk_snapshot*", "*", "s->snapshot"),
    ("*", "tyk_families*", "*", "s->families"),
    ("*", "tyk_error*", "*", "s->error"),
    ("*", "tyk_error**", "*", "&s->error"),
    ("*", "tyk_shard*", "*", "s->shard"),
    ("*", "tyk_registry_options*", "*", "&s->registry_options"),
    ("tyk_state_set_new", "tyk_options*", "*", "&s->state_options"),
    ("*", "tyk_options*", "*", "&s->options"),
    ("*", "tyk_collector*", "*", "&s->collector"),
    ("*", "tyk_callback*", "*", "&s->callback"),
    ("*", "tyk_exposition*", "*", "&s->exposition"),
    ("*", "tyk_abi*", "*", "&s->abi"),
    ("*", "tyk_bytes*", "*", "&s->bytes"),
    ("*", "tyk_family_view*", "*", "&s->family_view"),
    ("*", "tyk_series_view*", "*", "&s->series_view"),
    ("*", "tyk_exemplar_view*", "*", "&s->exemplar_view"),
    ("*", "tyk_str*", "values", "s->values"),
    ("*", "tyk_str*", "*", "&s->text"),
    ("*", "tyk_str", "*", "s->values[0]"),
    ("tyk_info_set", "tyk_label*", "labels", "s->info_labels"),
    ("*", "tyk_label*", "labels", "s->labels"),
    ("*", "tyk_label*", "*", "&s->label"),
    ("tyk_registry_collect_process", "char*", "*", "\"app\""),
    ("tyk_registry_unregister", "char*", "name", "\"counter_total\""),
    ("tyk_snapshot_*", "char*", "name", "\"counter_total\""),
    ("*", "char*", "state", "\"on\""),
    ("*", "char*", "format", "\"text\""),
    ("tyk_str_of", "char*", "text", "\"text\""),
    ("tyk_str_with", "char*", "data", "\"text\""),
    ("tyk_str_with", "size_t", "len", "4"),
    ("tyk_options_of", "char*", "name", "\"options_total\""),
    ("tyk_options_of", "char*", "help", "\"Help\""),
    ("*", "char*", "settings", "\"{\\\"listen\\\": \\\"127.0.0.1:0\\\"}\""),
    ("*", "tyk_log*", "*", "&s->log"),
    ("*", "char*", "accept", "\"text/plain\""),
    ("*", "char*", "accept_encoding", "\"gzip\""),
    ("*", "tyk_sink", "*", "stage_sink"),
    ("*", "function*", "sink", "stage_sink"),
    ("*", "void*", "user", "s"),
    ("*", "bool*", "*", "&s->flag"),
    ("*", "int64_t*", "*", "&s->integer"),
    ("*", "uint64_t*", "memory", "s->memory"),
    ("*", "uint64_t*", "counts", "s->wholes"),
    ("*", "uint64_t*", "*", "&s->whole"),
    ("*", "uint32_t*", "*", "&s->kind"),
    ("tyk_snapshot_quantile", "double*", "quantile", "&s->number"),
    ("tyk_snapshot_quantile", "double*", "value", "&s->number2"),
    ("*", "double*", "*", "s->numbers"),
    ("*", "size_t*", "*", "&s->size"),
    ("*", "tyk_owner", "*", "TYK_OWNER_THREAD"),
    ("tyk_families_push_histogram", "size_t", "family", "s->pushed_histogram"),
    ("tyk_families_push_histogram", "size_t", "count_count", "2"),
    ("tyk_families_push_summary", "size_t", "family", "s->pushed_summary"),
    ("tyk_families_began", "size_t", "family", "s->pushed_more"),
    ("tyk_families_exemplar", "size_t", "family", "s->pushed_more"),
    ("tyk_families_*", "size_t", "family", "s->pushed_counter"),
    ("tyk_snapshot_quantile", "size_t", "family", "TYK_SUMMARY - 1"),
    ("tyk_snapshot_state", "size_t", "family", "TYK_STATE_SET - 1"),
    ("tyk_snapshot_distribution", "size_t", "family", "TYK_HISTOGRAM - 1"),
    ("tyk_snapshot_*", "size_t", "family", "TYK_COUNTER - 1"),
    ("tyk_snapshot_*", "size_t", "series", "0"),
    ("tyk_snapshot_*", "size_t", "at", "0"),
    ("tyk_snapshot_*", "size_t", "label", "0"),
    ("*", "size_t", "capacity", "8"),
    ("tyk_buckets_*", "size_t", "count", "2"),
    ("*", "size_t", "count", "1"),
    ("*", "uint8_t", "digits", "3"),
    ("tyk_snapshot_exemplar_label", "size_t", "exemplar", "0"),
    ("*", "size_t", "quantile_count", "1"),
    ("tyk_registry_uncollect", "uint64_t", "id", "s->collector_id"),
    ("tyk_shard_attach", "uint32_t", "first", "s->up_down->series.cell"),
    ("tyk_shard_attach", "uint32_t", "count", "1"),
    ("*", "uint32_t", "kind", "TYK_COUNTER"),
    ("*", "uint32_t", "owner", "TYK_OWNER_THREAD"),
    ("*", "uint32_t", "encoding", "TYK_CELLS_U64"),
    ("*", "uint32_t", "status_code", "200"),
    ("*", "uint64_t", "*", "1"),
    ("*", "int64_t", "*", "1"),
    ("*", "double", "factor", "2"),
    ("*", "double", "min", "1"),
    ("*", "double", "max", "8"),
    ("*", "double", "*", "0.5"),
    ("*", "bool", "*", "true"),
];

fn fits(pattern: &str, word: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == word, |start| word.starts_with(start))
}

/// A valid argument, in C.
fn argument(function: &Function, parameter: &Parameter) -> String {
    // A handle is in the stage under its own name, and what is made beside it.
    let kind = parameter.kind.trim_end_matches('*');
    let handle = kind.strip_prefix("tyk_").filter(|_| {
        matches!(
            kind,
            "tyk_counter"
                | "tyk_gauge"
                | "tyk_up_down"
                | "tyk_histogram"
                | "tyk_summary"
                | "tyk_info"
                | "tyk_state_set"
                | "tyk_distribution"
                | "tyk_snapshot"
                | "tyk_shard"
                | "tyk_attachment"
                | "tyk_server"
        )
    });
    let frees = frees(function);
    if let Some(handle) = handle {
        match parameter.kind.matches('*').count() {
            2 if frees => return format!("&s->{handle}"),
            2 => return format!("&s->made_{handle}"),
            1 if handle != "snapshot" => return format!("s->{handle}"),
            _ => {}
        }
    }
    let found = ARGUMENTS
        .iter()
        .find(|(of, kind, name, _)| fits(of, &function.name) && *kind == parameter.kind && fits(name, &parameter.name));
    let (.., found) = found.unwrap_or_else(|| {
        panic!("{} takes {parameter:?}: say in nulls.rs what to give for it", function.name);
    });
    (*found).to_owned()
}

/// True for what takes back what it is pointed to.
fn frees(function: &Function) -> bool {
    function.name.ends_with("_free") || function.name.ends_with("_release") || function.name.ends_with("_close")
}

fn is_optional(function: &Function, parameter: &Parameter) -> bool {
    OPTIONAL.iter().any(|(of, name, _)| fits(of, &function.name) && *name == parameter.name)
}

/// The part of the program that calls one function, and its line in the table.
fn call(number: usize, function: &Function) -> (String, String) {
    let (mut arguments, mut pointers, mut optional) = (Vec::new(), 0, 0);
    for parameter in &function.parameters {
        let valid = argument(function, parameter);
        if !parameter.is_pointer() {
            arguments.push(valid);
            continue;
        }
        let none = if parameter.kind == "tyk_str" { "s->no_text" } else { "NULL" };
        arguments.push(format!("(nulls & {}u) ? {none} : {valid}", 1u32 << pointers));
        optional |= u32::from(is_optional(function, parameter)) << pointers;
        pointers += 1;
    }
    let name = &function.name;
    let called = format!("{name}({})", arguments.join(", "));
    let body = match function.returns.as_str() {
        "tyk_error*" => format!("stage_judge(&FUNCTIONS[{number}], nulls, {called});"),
        "char*" => format!("stage_read({called});"),
        "void" => format!("{called};"),
        _ => format!("(void){called};"),
    };
    let mut text =
        format!("static void call_{number}(struct stage *s, unsigned nulls) {{\n    (void)s, (void)nulls;\n");
    writeln!(text, "    {body}").expect("a string takes all");
    if frees(function) {
        let target = argument(function, &function.parameters[0]).replacen('&', "", 1);
        let (gone, again) = match target.as_str() {
            "s->bytes" => ("s->bytes.data == NULL".to_owned(), "s->bytes".to_owned()),
            other => (format!("{other} == NULL"), other.to_owned()),
        };
        writeln!(text, "    if (nulls == 0) {{\n        CHECK({gone}, \"{name} leaves no pointer behind\");")
            .and_then(|()| writeln!(text, "        {name}(&{again});\n    }}"))
            .expect("a string takes all");
    }
    text.push_str("}\n");
    let inside = function.parameters.iter().any(|parameter| parameter.kind == "tyk_families*");
    (text, format!("    {{\"{name}\", call_{number}, {pointers}, {optional}, {inside}}},\n"))
}

/// The source of the program. Inline functions are called as well: they are in every program that includes the header.
fn generated() -> (String, usize) {
    let called: Vec<Function> =
        functions().into_iter().filter(|f| !INNER.iter().any(|(name, _)| *name == f.name)).collect();
    let (mut calls, mut table) = (String::new(), String::new());
    for (number, function) in called.iter().enumerate() {
        let (call, line) = call(number, function);
        calls += &call;
        table += &line;
    }
    let count = called.len();
    let text = format!(
        "#include \"stage.h\"\n#include \"check.h\"\n\nextern const struct function FUNCTIONS[{count}];\n\n{calls}\n\
         const struct function FUNCTIONS[{count}] = {{\n{table}}};\n\nint main(void) {{\n    unsigned calls = 0;\n    \
         for (int i = 0; i < {count}; i++) calls += stage_try(&FUNCTIONS[i]);\n    \
         printf(\"%d functions, %u calls\\n\", {count}, calls);\n    return 0;\n}}\n"
    );
    (text, count)
}

/// Compiles the program.
fn built(name: &str, link: Link, flags: &[&str]) -> PathBuf {
    let (text, _) = generated();
    let file = scratch("nulls").join(format!("{name}.c"));
    std::fs::write(&file, text).expect("the program is written");
    Program::c(name).sources([file, source("stage.c")]).link(link).flags(flags.iter().copied()).build()
}

fn says_all(printed: &str) {
    let (_, count) = generated();
    assert!(printed.starts_with(&format!("{count} functions, ")), "{printed}");
}

#[test]
fn null_is_never_a_crash() {
    says_all(&run(&mut program(&built("nulls", Link::Shared, &[]))));
}

#[test]
fn null_is_never_a_crash_under_the_address_sanitizer() {
    says_all(&run(&mut program(&built("nulls-asan", Link::Shared, &ADDRESS))));
    says_all(&run(&mut program(&built("nulls-asan-static", Link::Static, &ADDRESS))));
}

#[test]
fn null_is_never_a_crash_nor_a_leak_under_valgrind() {
    let built = built("nulls-valgrind", Link::Shared, &[]);
    says_all(&run(&mut valgrind(&built)));
}

#[test]
fn every_exception_names_a_pointer_that_is_there() {
    let functions = functions();
    for (of, name, why) in OPTIONAL {
        let there = functions.iter().any(|f| fits(of, &f.name) && f.parameters.iter().any(|p| p.name == *name));
        assert!(there && !why.is_empty(), "{of} has no {name}");
    }
    for (name, why) in INNER {
        let found = functions.iter().find(|f| f.name == *name).unwrap_or_else(|| panic!("there is no {name}"));
        assert!(found.inline && !why.is_empty(), "{name} is exported");
    }
}
