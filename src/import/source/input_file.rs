//! A file as somebody else has read it, and whether it can be an answer at all.

use crate::import::ledger::FileProblems;
use crate::notation::source_of_bytes;

/// A file to import, as somebody else has read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputFile {
    /// Its path, as it is shown; folders in it may name a region or an account.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// A file of the folder that is no answer, and is left aside.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Skipped {
    /// Its path.
    pub path: String,
    /// Why it is left aside.
    pub why: String,
}

impl InputFile {
    /// A file from its bytes.
    ///
    /// # Errors
    /// The bytes are no UTF-8.
    pub fn of_bytes(path: &str, bytes: Vec<u8>) -> Result<Self, FileProblems> {
        match source_of_bytes(path, bytes) {
            Ok(source) => Ok(Self { path: path.to_owned(), text: source.text.to_string() }),
            Err((source, problems)) => Err(FileProblems { source, problems, of_folder: false }),
        }
    }

    /// Whether a file can be an answer, by its name and its first bytes; one with another name has to look like JSON.
    pub fn can_be(path: &str, beginning: &[u8]) -> bool {
        let text = beginning.strip_prefix(b"\xef\xbb\xbf").unwrap_or(beginning);
        let looks = text.trim_ascii_start().first().is_some_and(|byte| matches!(byte, b'{' | b'['));
        is_named_json(path)
            || looks
            || matches!(beginning, [0xff, 0xfe, b'{' | b'[', ..] | [0xfe, 0xff, 0, b'{' | b'[', ..])
    }
}

pub(super) fn is_named_json(path: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, ending)| ending.eq_ignore_ascii_case("json"))
}
