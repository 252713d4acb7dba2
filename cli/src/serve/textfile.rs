//! The `*.prom` files of a directory as one exposition, read anew for every scrape, as node_exporter's textfile collector
//! does: a bad file is left out whole and told of, the others are served.
//!
//! Files are taken in the order of their names, so that of two that contradict each other it is always the same one that
//! stays. Bounded in files and bytes; only regular files are opened, so that a pipe cannot hold a scrape up.

use super::merge::Merged;
use crate::output;
use crate::read::{Format, read};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::UNIX_EPOCH;
use tykmetrics::snapshot::{Family, Kind, Meta, Value};
use tykmetrics::{Hygiene, Snapshot};
use tykmetrics_server::{Gone, Source};

/// Files of a directory that are read.
const MOST_FILES: usize = 1000;
/// Bytes of one file, and of all together.
const FILE_BYTES: u64 = 16 << 20;
const ALL_BYTES: u64 = 64 << 20;

/// The families that are told of the files. No file may have them.
const ERROR: &str = "node_textfile_scrape_error";
const MTIME: &str = "node_textfile_mtime_seconds";
const OF_FILE: &str = "tykmetrics_textfile_error";

/// A directory that is served.
pub(super) struct Textfiles {
    folder: PathBuf,
    hygiene: Option<Hygiene>,
    /// What was last said of each file on standard error, so that nothing is said at every scrape. Held while files are read:
    /// scrapes at the same time come one after the other, and memory stays that of one.
    said: Mutex<BTreeMap<PathBuf, String>>,
}

/// A file of the directory.
struct Found {
    path: PathBuf,
    mtime: Option<f64>,
    error: Option<String>,
}

impl Textfiles {
    pub(super) fn new(folder: &Path, hygiene: Option<Hygiene>) -> Result<Self, String> {
        std::fs::read_dir(folder).map_err(|error| format!("{} cannot be read: {error}", folder.display()))?;
        Ok(Textfiles { folder: folder.to_owned(), hygiene, said: Mutex::default() })
    }

    /// Everything that the files say now, and what is to be said of them.
    fn gather(&self) -> Snapshot {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let mut merged = Merged::new([ERROR, MTIME, OF_FILE], self.hygiene.as_ref());
        let mut problems = BTreeMap::new();
        let mut files = Vec::new();
        match self.paths() {
            Ok(paths) => {
                let mut left = ALL_BYTES;
                for (at, path) in paths.into_iter().enumerate() {
                    let mut found = Found { mtime: None, error: None, path };
                    let result = match at {
                        MOST_FILES.. => {
                            Err(format!("is one of more than {MOST_FILES} files, of which the first are read"))
                        }
                        _ => take(&mut found, &mut left, &mut merged),
                    };
                    if let Err(why) = result {
                        problems.insert(found.path.clone(), why.clone());
                        found.error = Some(why);
                    }
                    files.push(found);
                }
            }
            Err(why) => {
                problems.insert(self.folder.clone(), why);
            }
        }
        for (path, why) in &problems {
            if said.get(path) != Some(why) {
                output::failed(&format!("{} {why}; it is left out", path.display()));
            }
        }
        let failed = !problems.is_empty();
        *said = problems;
        drop(said);
        let mut snapshot = merged.finish();
        snapshot.families.extend(told(&files, failed));
        snapshot.at_ms = UNIX_EPOCH.elapsed().map_or(0, |now| now.as_millis() as u64);
        snapshot
    }

    fn paths(&self) -> Result<Vec<PathBuf>, String> {
        let failed = |error: std::io::Error| format!("cannot be read: {error}");
        let mut paths = Vec::new();
        for entry in std::fs::read_dir(&self.folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if path.extension().is_some_and(|end| end == "prom") {
                paths.push(path);
            }
        }
        paths.sort();
        Ok(paths)
    }
}

/// Reads a file and adds what it says, or nothing of it.
fn take(found: &mut Found, left: &mut u64, merged: &mut Merged<'_>) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("cannot be read: {error}");
    // Of the link's target: files are often put in place by links.
    let metadata = std::fs::metadata(&found.path).map_err(failed)?;
    found.mtime = metadata.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok()).map(|at| at.as_secs_f64());
    if !metadata.is_file() {
        return Err("is no regular file".into());
    }
    let most = FILE_BYTES.min(*left);
    let mut bytes = Vec::new();
    std::fs::File::open(&found.path).and_then(|file| file.take(most + 1).read_to_end(&mut bytes)).map_err(failed)?;
    if bytes.len() as u64 > most {
        return Err(match most {
            FILE_BYTES => format!("has more than {FILE_BYTES} bytes"),
            _ => format!("and those before it have more than {ALL_BYTES} bytes together"),
        });
    }
    *left -= bytes.len() as u64;
    let document = read(&bytes, Format::Text).map_err(|refusal| format!("{}: {}", refusal.place, refusal.message))?;
    if let Some(first) = crate::check::errors(&document).into_iter().next() {
        return Err(first);
    }
    merged.add(&found.path, document.families)
}

fn gauge(name: &str, help: &str, labels: &[&str]) -> Family {
    Family::new(Meta {
        name: name.to_owned(),
        help: help.to_owned(),
        kind: Kind::Gauge,
        label_names: labels.iter().map(|label| (*label).to_owned()).collect(),
        ..Meta::default()
    })
}

/// The families about the files, the first two as node_exporter has them.
fn told(files: &[Found], failed: bool) -> [Family; 3] {
    let mut error = gauge(ERROR, "1 if a file could not be read or served, 0 otherwise.", &[]);
    error.push(&[], Value::Gauge(f64::from(u8::from(failed))));
    let mut mtime = gauge(MTIME, "When a file was last written, in seconds of Unix time.", &["file"]);
    let mut of_file = gauge(OF_FILE, "1 if this file is left out because it is not valid, 0 otherwise.", &["file"]);
    for file in files {
        let name = file.path.display().to_string();
        if let Some(at) = file.mtime {
            mtime.push(&[&name], Value::Gauge(at));
        }
        of_file.push(&[&name], Value::Gauge(f64::from(u8::from(file.error.is_some()))));
    }
    [error, mtime, of_file]
}

impl Source for Textfiles {
    fn render(
        &self,
        exposition: tykmetrics::Exposition,
        sink: &mut dyn FnMut(&[u8]) -> Result<(), Gone>,
    ) -> Result<(), Gone> {
        self.gather().render_to(exposition, sink)
    }

    fn snapshot(&self) -> Snapshot {
        self.gather()
    }

    /// Files are their writers'.
    fn reset(&self) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// A directory of its own for a test, gone with it.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("tykmetrics-textfile-{name}-{}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Folder(path)
        }

        fn write(&self, name: &str, content: &str) {
            fs::write(self.0.join(name), content).unwrap();
        }

        /// What is served, without the families about the files; and the files left out.
        fn served(&self) -> (String, Vec<String>) {
            self.served_with(None)
        }

        fn served_with(&self, hygiene: Option<Hygiene>) -> (String, Vec<String>) {
            let mut snapshot = Textfiles::new(&self.0, hygiene).unwrap().gather();
            let of_file = snapshot.family(OF_FILE).unwrap().clone();
            let bad = of_file.series().filter(|series| series.value().as_f64() == Some(1.0));
            let bad: Vec<String> =
                bad.map(|one| one.label("file").unwrap().rsplit('/').next().unwrap().to_owned()).collect();
            let wrong = snapshot.value(ERROR, &[]) == Some(1.0);
            assert_eq!(wrong, !bad.is_empty());
            snapshot.families.truncate(snapshot.families.len() - 3);
            (String::from_utf8(snapshot.render(tykmetrics::Format::Text)).unwrap(), bad)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).unwrap();
        }
    }

    #[test]
    fn files_are_merged_family_by_family() {
        let folder = Folder::new("merged");
        folder.write("a.prom", "# HELP jobs_total Jobs.\n# TYPE jobs_total counter\njobs_total{job=\"a\"} 3\nup 1\n");
        folder.write("b.prom", "# HELP jobs_total Other words.\n# TYPE jobs_total counter\njobs_total{job=\"b\"} 4\n");
        folder.write("c.txt", "not_served 1\n");
        let (text, bad) = folder.served();
        assert_eq!(
            text,
            "# HELP jobs_total Jobs.\n# TYPE jobs_total counter\njobs_total{job=\"a\"} 3\njobs_total{job=\"b\"} 4\n\
             # TYPE up untyped\nup 1\n"
        );
        assert_eq!(bad, Vec::<String>::new());
    }

    #[test]
    fn a_bad_file_is_left_out_whole_and_the_others_are_served() {
        let folder = Folder::new("bad");
        folder.write("broken.prom", "one 1\ntwo x\n");
        folder.write("good.prom", "# TYPE good gauge\ngood 1\n");
        folder.write("later.prom", "# TYPE good counter\ngood 2\nfine 1\n");
        folder.write("moment.prom", "when 1 1700000000000\n");
        folder.write("own.prom", "node_textfile_scrape_error 1\n");
        folder.write("suffix.prom", "# TYPE good_x gauge\ngood_x 1\ngood 3\n");
        folder.write("twice.prom", "b 1\nb 1\n");
        fs::create_dir(folder.0.join("folder.prom")).unwrap();
        fs::File::create(folder.0.join("large.prom")).unwrap().set_len(FILE_BYTES + 1).unwrap();
        std::os::unix::fs::symlink("nowhere", folder.0.join("link.prom")).unwrap();
        // Nobody writes to it, so that who opened it would wait forever.
        assert!(std::process::Command::new("mkfifo").arg(folder.0.join("pipe.prom")).status().unwrap().success());
        let (text, bad) = folder.served();
        assert_eq!(text, "# TYPE good gauge\ngood 1\n");
        let all = ["broken", "folder", "large", "later", "link", "moment", "own", "pipe", "suffix", "twice"];
        assert_eq!(bad, all.map(|name| format!("{name}.prom")));
    }

    #[test]
    fn kinds_keep_their_names_and_values() {
        let folder = Folder::new("kinds");
        let text = "\
# TYPE plain counter
plain 3
# TYPE h histogram
h_bucket{le=\"1\"} 1
h_bucket{le=\"+Inf\"} 2
h_sum 3.5
h_count 2
# TYPE s summary
s{quantile=\"0.5\"} 1
s_sum 3
s_count 2
# TYPE nan gauge
nan NaN
";
        folder.write("a.prom", text);
        assert_eq!(folder.served(), (text.to_owned(), Vec::new()));
    }

    #[test]
    fn secrets_in_labels_are_replaced_before_files_are_merged() {
        let folder = Folder::new("clean");
        folder.write("a.prom", "# TYPE c counter\nc{of=\"a@b.example\"} 1\nc{of=\"x\"} 2\nc{of=\"b@b.example\"} 4\n");
        folder.write("b.prom", "# TYPE c counter\nc{of=\"c@b.example\"} 8\n# TYPE g gauge\ng{of=\"a@b.example\"} 1\n");
        folder.write("c.prom", "# TYPE fine gauge\nfine 1\n# TYPE g gauge\ng{of=\"b@b.example\"} 2\n");
        folder.write("d.prom", "# TYPE h gauge\nh{of=\"a@b.example\"} 1\nh{of=\"b@b.example\"} 2\n");
        // The same of two files is told twice, with hygiene or without.
        folder.write("e.prom", "# TYPE c counter\nc{of=\"c@b.example\"} 16\n");
        // What the format sets is no value of anybody's.
        let buckets = "# TYPE s histogram\ns_bucket{le=\"77\"} 1\ns_bucket{le=\"+Inf\"} 1\ns_sum 1\ns_count 1\n";
        folder.write("f.prom", buckets);
        let hygiene = Hygiene::options().pattern("77").build().unwrap();
        let (text, bad) = folder.served_with(Some(hygiene));
        assert_eq!(
            text,
            format!(
                "# TYPE c counter\nc{{of=\"[email]\"}} 13\nc{{of=\"x\"}} 2\n\
                 # TYPE g gauge\ng{{of=\"[email]\"}} 1\n{buckets}"
            )
        );
        assert_eq!(bad, ["c.prom", "d.prom", "e.prom"]);
        let (text, bad) = folder.served();
        assert!(text.contains("a@b.example"), "{text}");
        assert_eq!(bad, ["e.prom"]);
    }

    #[test]
    fn a_file_that_is_written_again_is_read_again() {
        let folder = Folder::new("again");
        let files = Textfiles::new(&folder.0, None).unwrap();
        for number in [1.0, 2.0] {
            folder.write("a.prom", &format!("a {number}\n"));
            assert_eq!(files.snapshot().value("a", &[]), Some(number));
            let mtime = files.snapshot().family(MTIME).unwrap().series().next().unwrap().value().as_f64().unwrap();
            assert!(mtime > 1.7e9);
        }
        fs::remove_file(folder.0.join("a.prom")).unwrap();
        assert_eq!(files.snapshot().value("a", &[]), None);
        assert!(Textfiles::new(&folder.0.join("gone"), None).is_err());
    }
}
