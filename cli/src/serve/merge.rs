//! Families of several files put together: what two files say of one family must fit, or the later file is not taken.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tykmetrics::Snapshot;
use tykmetrics::samples::{Family, Kind, Labels, Sample, gather};

/// What was put together so far.
pub(super) struct Merged {
    families: Vec<Family<'static>>,
    /// Where a family is, and the file that said its type.
    places: HashMap<String, (usize, PathBuf)>,
    series: HashSet<(String, Labels<'static>)>,
    /// The names that are said by others.
    reserved: [&'static str; 3],
}

impl Merged {
    pub(super) fn new(reserved: [&'static str; 3]) -> Self {
        Merged { families: Vec::new(), places: HashMap::new(), series: HashSet::new(), reserved }
    }

    /// Takes all families of a file, or none.
    pub(super) fn add(&mut self, file: &Path, families: Vec<Family<'_>>) -> Result<(), String> {
        for family in &families {
            self.fits(family)?;
        }
        for family in families {
            for sample in &family.samples {
                self.series.insert(series(sample));
            }
            match self.places.get(&*family.name) {
                Some((at, _)) => {
                    let known = &mut self.families[*at];
                    if known.help.is_empty() {
                        known.help = family.help.into_owned().into();
                    }
                    known.samples.extend(family.samples.into_iter().map(Sample::into_owned));
                }
                None => {
                    self.places.insert(family.name.to_string(), (self.families.len(), file.to_owned()));
                    self.families.push(family.into_owned());
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

/// A sample's name and labels, by which it is told from others.
fn series(sample: &Sample<'_>) -> (String, Labels<'static>) {
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
