//! Families of several files put together: what two files say of one family must fit, or the later file is not taken.
//!
//! With hygiene, label values are clean before anything is put together. Counters whose labels become the same are added up;
//! nothing else can be, and the file is not taken.

use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tykmetrics::samples::{Family, Kind, Labels, Sample, gather};
use tykmetrics::{Hygiene, Snapshot};

/// A sample's name and labels, by which it is told from others.
type Series = (String, Labels<'static>);

/// What was put together so far.
pub(super) struct Merged<'a> {
    families: Vec<Family<'static>>,
    /// Where a family is, and the file that said its type.
    places: HashMap<String, (usize, PathBuf)>,
    /// As the files say them.
    series: HashSet<Series>,
    hygiene: Option<&'a Hygiene>,
    /// With hygiene: where a series of clean values is, its family and its sample.
    clean: HashMap<Series, (usize, usize)>,
    /// The names that are said by others.
    reserved: [&'static str; 3],
}

impl<'a> Merged<'a> {
    pub(super) fn new(reserved: [&'static str; 3], hygiene: Option<&'a Hygiene>) -> Self {
        let (families, places, series, clean) = Default::default();
        Merged { families, places, series, hygiene, clean, reserved }
    }

    /// Takes all families of a file, or none.
    pub(super) fn add(&mut self, file: &Path, mut families: Vec<Family<'_>>) -> Result<(), String> {
        for family in &families {
            self.fits(family)?;
        }
        let said: Vec<Series> = families.iter().flat_map(|family| &family.samples).map(series).collect();
        if let Some(hygiene) = self.hygiene {
            families.iter_mut().for_each(|family| clean(family, hygiene));
            self.can_be_added(&families)?;
        }
        self.series.extend(said);
        for mut family in families {
            let samples = std::mem::take(&mut family.samples);
            let at = match self.places.get(&*family.name) {
                Some((at, _)) => {
                    let known = &mut self.families[*at];
                    if known.help.is_empty() {
                        known.help = family.help.into_owned().into();
                    }
                    *at
                }
                None => {
                    self.places.insert(family.name.to_string(), (self.families.len(), file.to_owned()));
                    self.families.push(family.into_owned());
                    self.families.len() - 1
                }
            };
            for sample in samples {
                let known = &mut self.families[at].samples;
                if self.hygiene.is_some() {
                    match self.clean.entry(series(&sample)) {
                        Entry::Occupied(there) => {
                            known[there.get().1].value += sample.value;
                            continue;
                        }
                        Entry::Vacant(free) => drop(free.insert((at, known.len()))),
                    }
                }
                known.push(sample.into_owned());
            }
        }
        Ok(())
    }

    /// Whether series that are the same now that their labels are clean are those of one counter.
    fn can_be_added(&self, families: &[Family<'_>]) -> Result<(), String> {
        let mut here: HashMap<Series, &str> = HashMap::new();
        for family in families {
            for sample in &family.samples {
                let series = series(sample);
                let there = self.clean.get(&series).map(|(at, _)| &*self.families[*at].name);
                let Some(other) = here.insert(series, &family.name).or(there) else { continue };
                if family.kind != Kind::Counter || other != family.name {
                    return Err(format!(
                        "has series of {:?} whose labels are the same once secrets in them are replaced: only counters can \
                         be added up",
                        sample.name
                    ));
                }
            }
        }
        Ok(())
    }

    fn fits(&self, family: &Family<'_>) -> Result<(), String> {
        let name = &family.name;
        if self.reserved.contains(&&**name) {
            return Err(format!("has the family {name:?}, which is told of the files themselves"));
        }
        if let Some((at, file)) = self.places.get(&**name)
            && self.families[*at].kind != family.kind
        {
            let (ours, theirs) = (family.kind.as_str(), self.families[*at].kind.as_str());
            return Err(format!(
                "has the {ours} {name:?}, which is a {theirs} in {}: a name has one type",
                file.display()
            ));
        }
        for sample in &family.samples {
            if sample.timestamp.is_some() {
                return Err(format!("has a timestamp at {:?}: what is served is of now", sample.name));
            }
            if self.series.contains(&series(sample)) {
                return Err(format!("has the series {:?} of another file: a series is told once", sample.name));
            }
        }
        Ok(())
    }

    /// Everything, as the engine renders it.
    pub(super) fn finish(self) -> Snapshot {
        let families = self.families.into_iter().filter(|family| !family.samples.is_empty());
        Snapshot { families: families.flat_map(whole).collect(), at_ms: 0 }
    }
}

/// Replaces secrets in the values of labels, but for those that the format itself sets.
fn clean(family: &mut Family<'_>, hygiene: &Hygiene) {
    let own = match family.kind {
        Kind::Histogram | Kind::GaugeHistogram => "le",
        Kind::Summary => "quantile",
        _ => "",
    };
    let labels = family.samples.iter_mut().flat_map(|sample| &mut sample.labels);
    for (_, value) in labels.filter(|(name, _)| name != own) {
        if let Cow::Owned(clean) = hygiene.clean(value) {
            *value = clean.into();
        }
    }
}

fn series(sample: &Sample<'_>) -> Series {
    let mut labels = sample.clone().into_owned().labels;
    labels.sort();
    (sample.name.to_string(), labels)
}

fn whole(mut family: Family<'static>) -> Vec<tykmetrics::snapshot::Family> {
    // The engine gathers counters as OpenMetrics calls them; one that is called otherwise keeps its name.
    let plain = family.kind == Kind::Counter && !family.name.ends_with("_total");
    if plain {
        family.samples.iter_mut().for_each(|sample| sample.name.to_mut().push_str("_total"));
    }
    let mut gathered = gather(&family);
    if plain && let [one] = &mut gathered[..] {
        Arc::make_mut(&mut one.meta).name = family.name.into_owned();
    }
    gathered
}
