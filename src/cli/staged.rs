//! A folder of outputs whose files appear whole or not at all: written under another name, renamed at the end. Knows no
//! content.
#![expect(clippy::disallowed_methods, reason = "the command line writes files")]

use std::cell::RefCell;
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// A folder of outputs under way. Dropped without [`Staged::commit`], it leaves nothing of what was written.
#[derive(Debug)]
pub(super) struct Staged {
    folder: PathBuf,
    names: Rc<RefCell<Vec<String>>>,
}

/// What a file's name ends with while it is being written.
const UNDER_WAY: &str = ".partial";
/// In how many bytes from its start a file says who wrote it.
const HEAD_BYTES: u64 = 256;
/// How much of a file is gathered before it is written.
const BUFFER_BYTES: usize = 32 << 10;

impl Staged {
    /// A folder, made if need be.
    pub(super) fn new(folder: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&folder)?;
        Ok(Self { folder, names: Rc::default() })
    }

    /// Where it is.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// A function that begins files by their names, with `/` between folders.
    pub(super) fn opener(&self) -> impl FnMut(&str) -> io::Result<Box<dyn Write>> + 'static {
        let (folder, names) = (self.folder.clone(), Rc::clone(&self.names));
        move |name| {
            let path = under_way(&folder, name);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::File::create(&path)?;
            names.borrow_mut().push(name.to_owned());
            Ok(Box::new(Appended { path, gathered: Vec::new() }))
        }
    }

    /// Gives all files their names, in place of earlier ones. Earlier files of the folder `single` that were not written
    /// anew and whose beginnings hold `mark` are removed: another run wrote them. All others stay.
    pub(super) fn commit(self, single: &str, mark: &str) -> io::Result<()> {
        let names = self.names.take();
        for name in &names {
            fs::rename(under_way(&self.folder, name), self.folder.join(name))?;
        }
        let Ok(entries) = fs::read_dir(self.folder.join(single)) else { return Ok(()) };
        for entry in entries.flatten() {
            let file = entry.file_name().to_string_lossy().into_owned();
            let stale = !names.contains(&format!("{single}/{file}"));
            if stale && begins_with(&entry.path(), mark)? {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }
}

/// Whether a mark stands in the first bytes of a file.
fn begins_with(path: &Path, mark: &str) -> io::Result<bool> {
    if !path.is_file() {
        return Ok(false);
    }
    let mut head = Vec::new();
    fs::File::open(path)?.take(HEAD_BYTES).read_to_end(&mut head)?;
    Ok(head.windows(mark.len()).any(|part| part == mark.as_bytes()))
}

impl Drop for Staged {
    fn drop(&mut self) {
        for name in self.names.take() {
            // Nothing can be done about a file that cannot be removed.
            let _ = fs::remove_file(under_way(&self.folder, &name));
        }
    }
}

fn under_way(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}{UNDER_WAY}"))
}

/// A file that is open only while something is appended: a run may have more capture points than a process may have
/// open files.
struct Appended {
    path: PathBuf,
    gathered: Vec<u8>,
}

impl Write for Appended {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.gathered.extend_from_slice(bytes);
        if BUFFER_BYTES <= self.gathered.len() {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.gathered.is_empty() {
            fs::OpenOptions::new().append(true).open(&self.path)?.write_all(&self.gathered)?;
            self.gathered.clear();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).expect("a folder");
        let mut names: Vec<_> =
            entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn files_have_their_names_only_when_they_are_whole() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let staged = Staged::new(folder.path().join("out")).expect("a folder");
        let mut file = staged.opener()("timeline.txt").expect("a file");
        file.write_all(&[b'x'; 3 * BUFFER_BYTES]).expect("written");
        file.write_all(b"end").expect("written");
        assert_eq!(names(staged.folder()), ["timeline.txt.partial"]);
        file.flush().expect("flushed");
        staged.commit("captures", "by us").expect("renamed");
        let bytes = fs::read(folder.path().join("out/timeline.txt")).expect("the file");
        assert_eq!((bytes.len(), &bytes[3 * BUFFER_BYTES..]), (3 * BUFFER_BYTES + 3, b"end".as_slice()));
    }

    #[test]
    fn what_was_not_finished_leaves_nothing() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let staged = Staged::new(folder.path().to_owned()).expect("a folder");
        staged.opener()("captures/a.pcapng").expect("a file").write_all(b"x").expect("written");
        drop(staged);
        assert!(names(&folder.path().join("captures")).is_empty());
    }

    #[test]
    fn captures_of_an_earlier_run_are_removed_and_other_files_stay() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let captures = folder.path().join("captures");
        fs::create_dir(&captures).expect("a folder");
        for (name, by) in [("old.pcapng", "by us"), ("own.pcapng", "by others"), ("notes.txt", "by others")] {
            fs::write(captures.join(name), by).expect("a file");
        }
        let staged = Staged::new(folder.path().to_owned()).expect("a folder");
        staged.opener()("captures/new.pcapng").expect("a file").flush().expect("flushed");
        staged.commit("captures", "by us").expect("renamed");
        assert_eq!(names(&captures), ["new.pcapng", "notes.txt", "own.pcapng"]);
    }
}
