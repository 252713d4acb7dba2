//! Texts from outside, made fit for HTML and JSON: names, help and label values can hold anything.

use std::hash::{DefaultHasher, Hash, Hasher};

/// Appends `text` to HTML, as content or within a quoted attribute.
pub(super) fn html(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // HTML has no way to write them, and they would turn the direction of what follows or hide in it.
            _ if hidden(c) => out.push('\u{fffd}'),
            _ => out.push(c),
        }
    }
}

/// Control characters, and those that change the direction of the text around them.
fn hidden(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Appends `text` to JSON, with its quotes.
pub(super) fn json(out: &mut Vec<u8>, text: &str) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            // `<` too, so that the document is harmless should somebody put it into a page.
            0..0x20 | 0x7f | b'<' => {
                let digits = [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]];
                out.extend_from_slice(b"\\u00");
                out.extend_from_slice(&digits);
            }
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

/// `text` if it has at most `most` bytes, and otherwise its start, an ellipsis and a hash of the whole.
pub(super) fn shortened(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    let end = format!("…{:08x}", hasher.finish() as u32);
    let mut at = most.saturating_sub(end.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    format!("{}{end}", &text[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_has_no_markup_of_a_label_value() {
        let mut out = String::new();
        html(&mut out, "<script>alert('1' & \"2\")</script>\u{202e}\0é");
        assert_eq!(out, "&lt;script&gt;alert(&#39;1&#39; &amp; &quot;2&quot;)&lt;/script&gt;\u{fffd}\u{fffd}é");
    }

    #[test]
    fn json_reads_back_as_the_text() {
        let text = "a\"b\\c\nd\u{1}<é\u{2028}\u{7f}";
        let mut out = Vec::new();
        json(&mut out, text);
        assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
        assert!(!out.contains(&b'<'));
    }

    #[test]
    fn long_texts_are_cut_at_a_character_and_stay_apart() {
        assert_eq!(shortened("short", 10), "short");
        let (a, b) = (shortened(&("é".repeat(50) + "a"), 40), shortened(&("é".repeat(50) + "b"), 40));
        assert!(a.len() <= 40 && b.len() <= 40, "{a} {b}");
        assert_ne!(a, b);
    }
}
