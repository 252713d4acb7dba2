//! A file as a tree of texts: what YAML and JSON have in common, before anybody says what a text means.
//!
//! Scalars stay as they are written, since the table of keys knows what each must be. Bounded: the file, its depth, and
//! what its aliases come to. Called by `load.rs`; knows no key.

use granit_parser::{Event, Options, Parser, ScalarStyle};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use std::collections::HashMap;

/// Nodes of a file, those that aliases repeat included: a gateway's file of a few thousand keys is far below.
const NODES: usize = 200_000;
/// Depth of nesting: serde_json's own limit.
const DEPTH: usize = 127;

/// A node.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Tree {
    Null,
    Text(String),
    List(Vec<Tree>),
    /// In the order of the file; a name may be there twice.
    Map(Vec<(String, Tree)>),
    /// A value in a mapping whose name is no text; what the name is instead stands in its place. An error for who looks into that
    /// mapping, and nothing to who does not: the rest of a gateway's file is the gateway's.
    Nameless,
}

impl Tree {
    /// Of JSON if the text begins as JSON's objects do, else of YAML.
    pub(super) fn parse(text: &str) -> Result<Tree, String> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if text.trim_start().starts_with('{') {
            let json = serde_json::from_str(text).map_err(|error| format!("no JSON: {error}"));
            // YAML may begin so too; whoever wrote YAML is told what is wrong with that only if it is not nearly JSON.
            return json.or_else(|error| yaml(text).map_err(|_| error));
        }
        yaml(text)
    }

    /// What it is, in words.
    pub(super) fn is(&self) -> &'static str {
        match self {
            Tree::Null => "nothing",
            Tree::Text(_) => "a text",
            Tree::List(_) => "a list",
            Tree::Map(_) => "a mapping",
            Tree::Nameless => "a value without a name",
        }
    }

    /// The first value of a name in a mapping.
    pub(super) fn get(&self, name: &str) -> Option<&Tree> {
        match self {
            Tree::Map(all) => all.iter().find(|(known, _)| known == name).map(|(_, value)| value),
            _ => None,
        }
    }
}

fn yaml(text: &str) -> Result<Tree, String> {
    let mut options = Options::default();
    (options.flow_nesting_limit, options.block_nesting_limit) = (DEPTH, DEPTH);
    let mut builder =
        Builder { events: Parser::new_from_str_with_options(text, options), anchors: HashMap::new(), nodes: 0 };
    let mut tree = None;
    while let Some(event) = builder.next()? {
        match event {
            Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
            Event::DocumentStart(..) if tree.is_some() => return Err("more than one YAML document".to_owned()),
            Event::DocumentStart(..) => {}
            event => tree = Some(builder.node(event, 0)?),
        }
    }
    Ok(tree.unwrap_or(Tree::Null))
}

struct Builder<I> {
    events: I,
    anchors: HashMap<usize, (Tree, usize)>,
    nodes: usize,
}

impl<'a, I, S> Builder<I>
where
    I: Iterator<Item = Result<(Event<'a>, S), granit_parser::ScanError>>,
{
    fn next(&mut self) -> Result<Option<Event<'a>>, String> {
        let next = self.events.next().transpose().map_err(|error| format!("no YAML: {error}"))?;
        Ok(next.map(|(event, _)| event))
    }

    fn count(&mut self, nodes: usize) -> Result<(), String> {
        self.nodes += nodes;
        if self.nodes > NODES { Err(format!("more than {NODES} values, repeated ones included")) } else { Ok(()) }
    }

    fn node(&mut self, event: Event<'a>, depth: usize) -> Result<Tree, String> {
        let before = self.nodes;
        self.count(1)?;
        if depth > DEPTH {
            return Err(format!("more than {DEPTH} levels deep"));
        }
        let (tree, anchor) = match event {
            Event::Scalar(text, style, anchor, _) => {
                let plain = style == ScalarStyle::Plain;
                let tree = match plain && matches!(&*text, "" | "~" | "null" | "Null" | "NULL") {
                    true => Tree::Null,
                    false => Tree::Text(text.into_owned()),
                };
                (tree, anchor)
            }
            Event::SequenceStart(_, anchor, _) => {
                let mut list = Vec::new();
                loop {
                    match self.within()? {
                        Event::SequenceEnd => break,
                        event => list.push(self.node(event, depth + 1)?),
                    }
                }
                (Tree::List(list), anchor)
            }
            Event::MappingStart(_, anchor, _) => (self.mapping(depth)?, anchor),
            Event::Alias(anchor) => {
                let Some((tree, nodes)) = self.anchors.get(&anchor).cloned() else {
                    return Err("an alias of something that it is part of".to_owned());
                };
                self.count(nodes)?;
                return Ok(tree);
            }
            _ => return Err("no YAML: a value is missing".to_owned()),
        };
        if anchor != 0 {
            // What it repeats is counted where it is used, so that a few lines do not become a gigabyte.
            let nodes = self.nodes - before;
            self.count(nodes)?;
            self.anchors.insert(anchor, (tree.clone(), nodes));
        }
        Ok(tree)
    }

    fn mapping(&mut self, depth: usize) -> Result<Tree, String> {
        let (mut all, mut merged) = (Vec::new(), Vec::new());
        loop {
            let name = match self.within()? {
                Event::MappingEnd => break,
                event => self.node(event, depth + 1)?,
            };
            let event = self.within()?;
            let value = self.node(event, depth + 1)?;
            match (name, value) {
                // Go's readers of YAML know `<<`: what it brings yields to what stands beside it.
                (Tree::Text(name), Tree::Map(more)) if name == "<<" => merged.extend(more),
                (Tree::Text(name), value) => all.push((name, value)),
                (name, _) => all.push((name.is().to_owned(), Tree::Nameless)),
            }
        }
        merged.retain(|(name, _)| all.iter().all(|(own, _)| own != name));
        all.extend(merged);
        Ok(Tree::Map(all))
    }

    /// The next event inside of a node.
    fn within(&mut self) -> Result<Event<'a>, String> {
        self.next()?.ok_or_else(|| "no YAML: it ends within a value".to_owned())
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Tree, D::Error> {
        deserializer.deserialize_any(Json)
    }
}

/// Builds a [`Tree`] and not a `serde_json::Value`, which would keep the last of two equal names and say nothing.
struct Json;

impl<'de> Visitor<'de> for Json {
    type Value = Tree;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JSON")
    }
    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }
    fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
        Ok(Tree::Text(value.to_string()))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Tree, E> {
        Ok(Tree::Text(value.to_string()))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Tree, E> {
        Ok(Tree::Text(value.to_string()))
    }
    fn visit_f64<E>(self, value: f64) -> Result<Tree, E> {
        Ok(Tree::Text(value.to_string()))
    }
    fn visit_str<E>(self, value: &str) -> Result<Tree, E> {
        Ok(Tree::Text(value.to_owned()))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut all: A) -> Result<Tree, A::Error> {
        let mut list = Vec::new();
        while let Some(value) = all.next_element()? {
            list.push(value);
        }
        Ok(Tree::List(list))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut all: A) -> Result<Tree, A::Error> {
        let mut map = Vec::new();
        while let Some(pair) = all.next_entry()? {
            map.push(pair);
        }
        Ok(Tree::Map(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(text: &str) -> Tree {
        Tree::Text(text.to_owned())
    }

    fn map<const N: usize>(all: [(&str, Tree); N]) -> Tree {
        Tree::Map(all.map(|(name, value)| (name.to_owned(), value)).into())
    }

    #[test]
    fn json_and_yaml_give_one_tree() {
        let expected = map([("a", map([("b", text("1")), ("c", Tree::List(vec![text("true"), Tree::Null]))]))]);
        let json = r#"{"a": {"b": 1, "c": [true, null]}}"#;
        assert_eq!(Tree::parse(json), Ok(expected.clone()));
        assert_eq!(Tree::parse(&format!("\u{feff}{json}")), Ok(expected.clone()));
        assert_eq!(Tree::parse("# a comment\na:\n  b: 1\n  c:\n  - true\n  - ~\n"), Ok(expected.clone()));
        assert_eq!(Tree::parse("{a: {b: 1, c: [true, null]}}"), Ok(expected));
    }

    #[test]
    fn a_quoted_null_is_text() {
        assert_eq!(
            Tree::parse("a: 'null'\nb: ''\nc: null\nd:\n").map(|tree| tree.get("a").cloned()),
            Ok(Some(text("null")))
        );
        assert_eq!(Tree::parse("b: ''"), Ok(map([("b", text(""))])));
        assert_eq!(Tree::parse("d:"), Ok(map([("d", Tree::Null)])));
        assert_eq!(Tree::parse(" \n"), Ok(Tree::Null));
    }

    #[test]
    fn aliases_and_merge_keys_repeat_what_they_name() {
        let yaml = "base: &base {x: 1, y: 2}\nown:\n  <<: *base\n  y: 3\nsame: *base\n";
        let tree = Tree::parse(yaml).expect("YAML");
        assert_eq!(tree.get("own"), Some(&map([("y", text("3")), ("x", text("1"))])));
        assert_eq!(tree.get("same"), tree.get("base"));
    }

    #[test]
    fn a_name_that_is_no_text_is_kept_as_that() {
        let nameless = |name| map([(name, Tree::Nameless), ("a", text("1"))]);
        assert_eq!(Tree::parse("~: x\na: 1"), Ok(nameless("nothing")));
        assert_eq!(Tree::parse("? [x, y]\n: z\na: 1"), Ok(nameless("a list")));
        assert_eq!(Tree::parse("{{x: y}: z, a: 1}"), Ok(nameless("a mapping")));
        assert_eq!(Tree::parse("'null': 1"), Ok(map([("null", text("1"))])));
    }

    #[test]
    fn a_few_lines_do_not_become_a_gigabyte() {
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let repeated = vec![format!("*a{}", level - 1); 10].join(", ");
            bomb.push_str(&format!("a{level}: &a{level} [{repeated}]\n"));
        }
        assert!(Tree::parse(&bomb).is_err_and(|error| error.contains("200000")));
        assert!(Tree::parse(&"[".repeat(100_000)).is_err());
        assert!(Tree::parse(&"{\"a\":".repeat(100_000)).is_err());
        assert!(Tree::parse(&"- ".repeat(100_000)).is_err());
        assert!(Tree::parse("&a [*a]").is_err());
    }

    #[test]
    fn errors_say_where() {
        assert!(Tree::parse("{\"a\": 1,\n\"b\": [}").is_err_and(|error| error.contains("line 2")));
        assert!(Tree::parse("a: 1\nb: }").is_err_and(|error| error.contains("line 2")));
        assert!(Tree::parse("a: 1\n---\nb: 2").is_err());
        // What another reader of YAML never came back from.
        assert!(Tree::parse("{---").is_err());
    }

    proptest! {
        #[test]
        fn no_file_is_too_odd_to_be_refused(text in "[\\[\\]{}:,&*a!|>\"'\\- \n\t#%~<?]{0,60}") {
            let _ = Tree::parse(&text);
        }
    }
}
