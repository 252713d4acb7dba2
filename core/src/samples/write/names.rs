//! Names as prometheus_client escapes them: by the schemes of [`Escaping`], with its own idea of which names need it.

use crate::render::Escaping;
use crate::render::escape;

/// Appends a metric's name, between quotes if the scheme keeps it and it needs them.
pub(super) fn metric(out: &mut Vec<u8>, name: &str, escaping: Escaping) {
    match escaping {
        _ if name.is_empty() => {}
        Escaping::AllowUtf8 => escape::quoted_name(out, name),
        _ => out.extend_from_slice(escape::escape_name(name, escaping).as_bytes()),
    }
}

/// Appends a label's name. Names with two underscores in front are escaped like those that are not classic.
pub(super) fn label(out: &mut Vec<u8>, name: &str, escaping: Escaping) {
    let fits = escape::is_classic_label(name) && !name.starts_with("__");
    match escaping {
        _ if name.is_empty() => {}
        Escaping::Underscores | Escaping::Values | Escaping::AllowUtf8 if fits => {
            out.extend_from_slice(name.as_bytes())
        }
        Escaping::AllowUtf8 => {
            out.push(b'"');
            escape::label_value(out, name);
            out.push(b'"');
        }
        _ => out.extend_from_slice(escape::rewritten(name, escaping).as_bytes()),
    }
}
