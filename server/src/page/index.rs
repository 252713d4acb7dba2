//! The page as HTML: the template, filled with what there is to read without JavaScript.
//!
//! Style and script are within it, so that it asks for nothing else, and their text is always the same, so that the policy
//! can name their hashes. Names and help texts are escaped. Absent: label values, which the page never shows as HTML.

use super::escape;
use super::overview::{Listed, Parts, Walk};
use std::fmt::Write;

const TEMPLATE: &str = include_str!("web/page.html");

/// The text within `<style>`.
pub(super) const STYLE: &str = concat!(include_str!("web/base.css"), include_str!("web/panels.css"));

/// The text within `<script>`: one function, so that its files share names with each other and with nobody else.
pub(super) const SCRIPT: &str = concat!(
    "(() => {\n'use strict';\n",
    include_str!("web/format.js"),
    include_str!("web/model.js"),
    include_str!("web/dom.js"),
    include_str!("web/spark.js"),
    include_str!("web/heat.js"),
    include_str!("web/endpoints.js"),
    include_str!("web/numbers.js"),
    include_str!("web/families.js"),
    include_str!("web/main.js"),
    "})();\n"
);

/// Families that are listed for who has no JavaScript; the rest is counted.
const LISTED: usize = 500;

/// What the page is told of its server.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// The path of [`overview`](super::overview), which may be relative to the page: `metrics/overview`.
    pub overview: &'a str,
    /// The routes to list: a path, and what is there.
    pub routes: &'a [(&'a str, &'a str)],
}

/// The page. Serve it with [`policy`](super::policy).
pub fn html(parts: Parts<'_>, about: &About<'_>) -> String {
    let walk = Walk::over(parts);
    let mut out =
        String::with_capacity(TEMPLATE.len() + STYLE.len() + SCRIPT.len() + 256 * walk.listed.len().min(LISTED));
    // One pass, so that no text that is put in is looked at for names.
    for (at, piece) in TEMPLATE.split("{{").enumerate() {
        let (name, text) = if at == 0 { ("", piece) } else { piece.split_once("}}").unwrap_or(("", piece)) };
        match name {
            "style" => out.push_str(STYLE),
            "script" => out.push_str(SCRIPT),
            "overview" => escape::html(&mut out, about.overview),
            "routes" => about.routes.iter().for_each(|(path, what)| route(&mut out, path, what)),
            "summary" => summary(&mut out, &walk),
            "families" => walk.listed.iter().take(LISTED).for_each(|family| row(&mut out, family)),
            _ => {}
        }
        out.push_str(text);
    }
    out
}

fn route(out: &mut String, path: &str, what: &str) {
    out.push_str("<li><a href=\"");
    escape::html(out, path);
    out.push_str("\">");
    escape::html(out, path);
    out.push_str("</a> <span>");
    escape::html(out, what);
    out.push_str("</span></li>\n");
}

fn summary(out: &mut String, walk: &Walk) {
    let (families, series) = (walk.listed.len(), walk.series);
    // A string takes every write.
    let _ = write!(out, "{families} families, {series} series");
    if families > LISTED {
        let _ = write!(out, "; the {LISTED} with most series are listed");
    }
}

fn row(out: &mut String, family: &Listed) {
    out.push_str("<tr><th scope=\"row\"><span class=\"name\">");
    escape::html(out, &family.name);
    out.push_str("</span><span class=\"help\">");
    escape::html(out, &family.help);
    let _ = write!(out, "</span></th><td>{}</td><td class=\"n\">{}</td><td>", family.kind.as_str(), family.series);
    if let Some(grows) = &family.grows {
        out.push_str("<code>");
        escape::html(out, &grows.label);
        let about = if grows.exact { "" } else { "about " };
        let _ = write!(out, "</code></td><td class=\"n\">{about}{}", grows.values);
    } else {
        out.push_str("</td><td class=\"n\">");
    }
    out.push_str("</td></tr>\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use tykmetrics::Registry;

    const ABOUT: About<'static> =
        About { overview: "/metrics/overview", routes: &[("/metrics", "the exposition"), ("/a\"b<c", "odd & new")] };

    #[test]
    fn the_page_lists_routes_and_families_without_any_script() {
        let registry = Registry::new();
        let hits = registry.counter("hits_total", "Hits of <b>").labels(["route", "code"]).register().unwrap();
        ["/a", "/b", "/c"].iter().for_each(|route| hits.inc([*route, "200"]));
        let page = html(&|part| registry.snapshot_in_parts(part), &ABOUT);
        assert!(page.contains("<a href=\"/metrics\">/metrics</a> <span>the exposition</span>"));
        assert!(page.contains("<a href=\"/a&quot;b&lt;c\">"), "an odd path is escaped");
        assert!(page.contains("<span class=\"name\">hits_total</span><span class=\"help\">Hits of &lt;b&gt;</span>"));
        assert!(page.contains("<code>route</code></td><td class=\"n\">3</td>"), "the label that grows");
        assert!(!page.contains("{{") && !page.contains("<b>"));
    }

    #[test]
    fn texts_that_look_like_the_templates_names_stay_texts() {
        let registry = Registry::new();
        registry.gauge("g", "{{script}} {{routes}}").register().unwrap().set(1.0);
        let page = html(&|part| registry.snapshot_in_parts(part), &ABOUT);
        assert_eq!(page.matches("{{script}} {{routes}}").count(), 1);
        assert_eq!(page.matches("<script>").count(), 1);
    }

    #[test]
    fn style_and_script_are_within_and_nothing_is_fetched_from_elsewhere() {
        let page = html(&|_| (), &ABOUT);
        assert!(
            page.contains(&format!("<style>{STYLE}</style>")) && page.contains(&format!("<script>{SCRIPT}</script>"))
        );
        let addresses = page.match_indices("://").map(|(at, _)| &page[at.saturating_sub(5)..(at + 20).min(page.len())]);
        // The name of SVG is one, and is not fetched.
        let fetched: Vec<_> = addresses.filter(|address| !address.contains("www.w3.org")).collect();
        assert!(fetched.is_empty(), "{fetched:?}");
        assert!(!SCRIPT.contains("</") && !SCRIPT.contains("innerHTML") && !page.contains(" style="));
    }
}
