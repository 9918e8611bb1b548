//! The command that repeats a run, fit to be pasted into a shell. Runs nothing.

use crate::base::Era;

/// `vpclab run FILE --seed N`, with the era where the file runs in several.
pub(super) fn command(file: &str, era: Option<Era>, seed: u64) -> String {
    // A file whose name begins with a dash would be taken for an option.
    let separator = if file.starts_with('-') { "-- " } else { "" };
    let era = era.map_or(String::new(), |era| format!("--era {era} "));
    format!("vpclab run --seed {seed} {era}{separator}{}", quoted(file))
}

/// A word as a POSIX shell reads it back.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':' | '@' | '+' | ',' | '=');
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_name_stands_bare_and_another_is_quoted() {
        assert_eq!(command("a/b-c.yaml", None, 7), "vpclab run --seed 7 a/b-c.yaml");
        assert_eq!(command("a.yaml", Some(Era::Current), 7), "vpclab run --seed 7 --era current a.yaml");
        assert_eq!(command("it's here.yaml", None, 7), r"vpclab run --seed 7 'it'\''s here.yaml'");
        assert_eq!(command("-x.yaml", None, 7), "vpclab run --seed 7 -- -x.yaml");
        assert_eq!(quoted(""), "''");
    }
}
