//! The document of `docs/json.md`, member by member. What it does not know it passes over, as later versions may have more.

use super::syntax::{Node, Result, Value, parse};
use super::{Budget, Document, Format, Places, Refusal, not_utf8, place, shown, with};
use std::borrow::Cow;
use tykmetrics::samples::{Exemplar, Family, Kind, Labels, Sample, Timestamp};

pub(super) fn read(bytes: &[u8]) -> std::result::Result<Document<'_>, Refusal> {
    let text = std::str::from_utf8(bytes).map_err(|error| not_utf8(bytes, error))?;
    match document(text) {
        Ok((families, starts)) => Ok(Document { format: Format::Json, families, places: Places::known(text, starts) }),
        Err((at, message)) => Err(Refusal::new(place::line_and_column(bytes, at), message)),
    }
}

fn document(text: &str) -> Result<(Vec<Family<'_>>, Vec<usize>)> {
    let document = parse(text)?;
    let mut budget = Budget::of(text.as_bytes());
    let (mut families, mut starts) = (Vec::new(), Vec::new());
    for node in list(needed(&document, "families")?)? {
        starts.push(node.at);
        families.push(family(node, &mut budget)?);
    }
    Ok((families, starts))
}

type Members<'n, 'a> = &'n [(Cow<'a, str>, Node<'a>)];

fn wrong<T>(node: &Node<'_>, wanted: &str) -> Result<T> {
    let found = match &node.value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => (*number).to_owned(),
        Value::Text(text) => format!("the text {}", shown(text)),
        Value::List(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    };
    Err((node.at, format!("found {found} where {wanted} must stand")))
}

fn object<'n, 'a>(node: &'n Node<'a>) -> Result<Members<'n, 'a>> {
    match &node.value {
        Value::Object(members) => Ok(members),
        _ => wrong(node, "an object"),
    }
}

fn list<'n, 'a>(node: &'n Node<'a>) -> Result<&'n [Node<'a>]> {
    match &node.value {
        Value::List(list) => Ok(list),
        _ => wrong(node, "a list"),
    }
}

fn text<'a>(node: &Node<'a>) -> Result<Cow<'a, str>> {
    match &node.value {
        Value::Text(text) => Ok(text.clone()),
        _ => wrong(node, "a text"),
    }
}

/// A number, or one of the three texts for what JSON has no number for.
fn number(node: &Node<'_>) -> Result<f64> {
    let value = match &node.value {
        Value::Number(number) => number.parse().ok().filter(|number: &f64| number.is_finite()),
        Value::Text(text) => match &**text {
            "NaN" => Some(f64::NAN),
            "+Inf" => Some(f64::INFINITY),
            "-Inf" => Some(f64::NEG_INFINITY),
            _ => None,
        },
        _ => None,
    };
    value.map_or_else(|| wrong(node, "a number, \"NaN\", \"+Inf\" or \"-Inf\""), Ok)
}

fn count(node: &Node<'_>) -> Result<f64> {
    match number(node) {
        Ok(count) if count >= 0.0 && count.is_finite() => Ok(count),
        _ => wrong(node, "a count, which is a number and not negative,"),
    }
}

fn member<'n, 'a>(node: &'n Node<'a>, name: &str) -> Result<Option<&'n Node<'a>>> {
    Ok(object(node)?.iter().find(|(known, _)| known == name).map(|(_, node)| node))
}

fn needed<'n, 'a>(node: &'n Node<'a>, name: &str) -> Result<&'n Node<'a>> {
    member(node, name)?
        .ok_or_else(|| (node.at, format!("found an object without the member {name:?}, which it must have")))
}

fn family<'a>(node: &Node<'a>, budget: &mut Budget) -> Result<Family<'a>> {
    let name = text(needed(node, "name")?)?;
    if name.is_empty() {
        return wrong(needed(node, "name")?, "a name");
    }
    let optional = |name| member(node, name)?.map_or(Ok(Cow::Borrowed("")), text);
    let said = needed(node, "type")?;
    let known = text(said)?;
    let kind = Kind::from_name(&known).filter(|_| !matches!(&*known, "untyped" | "gaugehistogram"));
    let Some(kind) = kind else {
        return wrong(said, "counter, gauge, histogram, summary, info, stateset or unknown");
    };
    let mut family = Family { name, help: optional("help")?, kind, unit: optional("unit")?, samples: Vec::new() };
    for node in list(needed(node, "series")?)? {
        series(&mut family, node, budget)?;
    }
    Ok(family)
}

fn texts<'a>(node: &Node<'a>) -> Result<Labels<'a>> {
    object(node)?.iter().map(|(name, node)| Ok((name.clone(), text(node)?))).collect()
}

/// More than a histogram has buckets.
const MOST_EXEMPLARS: usize = 500;

fn series<'a>(family: &mut Family<'a>, node: &Node<'a>, budget: &mut Budget) -> Result<()> {
    let place = needed(node, "labels")?;
    let labels = texts(place)?;
    if let Some((name, _)) = labels.iter().find(|(name, _)| name.is_empty() || name == "__name__") {
        return Err((place.at, format!("found the label name {name:?}: it is reserved or not a name")));
    }
    if let Some(created) = member(node, "created_ms")? {
        count(created)?;
    }
    let mut base = Sample { name: family.name.clone(), labels, ..Sample::default() };
    let mut exemplars = match member(node, "exemplars")? {
        // All are read, and no more kept than buckets can have: each is compared with each.
        Some(node) => {
            let mut all = list(node)?.iter().map(exemplar).collect::<Result<Vec<_>>>()?;
            all.truncate(MOST_EXEMPLARS);
            all
        }
        None => Vec::new(),
    };
    let first = family.samples.len();
    match family.kind {
        Kind::Histogram => {
            let place = needed(node, "buckets")?;
            let buckets = list(place)?;
            budget.take(&base, buckets.len() + 2).map_err(|why| (node.at, why))?;
            for bucket in buckets {
                let bound = number(needed(bucket, "le")?)?;
                family.samples.push(with(&base, "_bucket", Some(("le", bound)), count(needed(bucket, "count")?)?));
            }
            sum_and_count(family, &base, node)?;
        }
        Kind::Summary => {
            let quantiles = object(needed(node, "quantiles")?)?;
            budget.take(&base, quantiles.len() + 2).map_err(|why| (node.at, why))?;
            for (quantile, node) in quantiles {
                let Some(quantile) = quantile.parse().ok().filter(|quantile| (0.0..=1.0).contains(quantile)) else {
                    return Err((
                        node.at,
                        format!("found the quantile {}: it is a number from 0 to 1", shown(quantile)),
                    ));
                };
                family.samples.push(with(&base, "", Some(("quantile", quantile)), number(node)?));
            }
            sum_and_count(family, &base, node)?;
        }
        Kind::Info => {
            base.labels.extend(texts(needed(node, "info")?)?);
            base.value = 1.0;
            family.samples.push(base);
        }
        Kind::StateSet => {
            let states = object(needed(node, "states")?)?;
            budget.take(&base, states.len()).map_err(|why| (node.at, why))?;
            for (state, node) in states {
                let Value::Bool(holds) = node.value else { return wrong(node, "true or false") };
                let mut sample = base.clone();
                sample.labels.push((family.name.clone(), state.clone()));
                sample.value = f64::from(u8::from(holds));
                family.samples.push(sample);
            }
        }
        _ => {
            base.value = number(needed(node, "value")?)?;
            family.samples.push(base);
        }
    }
    // To the bucket that its value falls in, as all formats have them.
    for sample in &mut family.samples[first..] {
        let bound = super::label(&sample.labels, "le").map_or(Some(f64::INFINITY), |le| le.parse().ok());
        let fits = |exemplar: &Exemplar<'_>| bound.is_some_and(|bound| exemplar.value <= bound);
        if sample.exemplar.is_none()
            && let Some(at) = exemplars.iter().position(fits)
        {
            sample.exemplar = Some(Box::new(exemplars.swap_remove(at)));
        }
    }
    Ok(())
}

fn sum_and_count<'a>(family: &mut Family<'a>, base: &Sample<'a>, node: &Node<'a>) -> Result<()> {
    let sum = number(needed(node, "sum")?)?;
    let count = count(needed(node, "count")?)?;
    family.samples.push(with(base, "_sum", None, sum));
    family.samples.push(with(base, "_count", None, count));
    Ok(())
}

/// Milliseconds in a second.
const MILLIS: f64 = 1000.0;

fn exemplar<'a>(node: &Node<'a>) -> Result<Exemplar<'a>> {
    let at = member(node, "at_ms")?.map(count).transpose()?;
    Ok(Exemplar {
        labels: texts(needed(node, "labels")?)?,
        value: number(needed(node, "value")?)?,
        timestamp: at.map(|at| Timestamp::Seconds(at / MILLIS)),
    })
}
