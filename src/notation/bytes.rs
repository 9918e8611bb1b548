//! Bytes of a file as a text, or what is wrong with them at their place. Knows neither YAML nor JSON.

use super::{Problem, Source, Span};

const BYTE_ORDER_MARK: &str = "\u{feff}";

/// The text of a file, which is UTF-8. What is not is shown as far as it can be, with the problem beside.
///
/// # Errors
/// The bytes are UTF-16, or no text at all.
pub fn source_of_bytes(name: &str, mut bytes: Vec<u8>) -> Result<Source, (Source, Vec<Problem>)> {
    // A mark of the byte order, which UTF-8 needs not and some editors write, is no part of the text.
    if bytes.starts_with(BYTE_ORDER_MARK.as_bytes()) {
        bytes.drain(..BYTE_ORDER_MARK.len());
    }
    if let Some(text) = utf16(&bytes) {
        let end = text.chars().next().map_or(0, char::len_utf8);
        let problem = Problem::error(Span::new(0..end), "the file is UTF-16, not UTF-8").label("not UTF-8");
        let problem = problem.help("PowerShell's `>` writes UTF-16; `| Out-File -Encoding utf8 FILE` does not");
        return Err((Source::new(name, text), vec![problem]));
    }
    String::from_utf8(bytes).map(|text| Source::new(name, text)).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let byte = error.as_bytes()[good];
        // Before the first wrong byte the lossy text is the same, so the place is right.
        let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
        let span = Span::new(good..good + char::REPLACEMENT_CHARACTER.len_utf8());
        let problem = Problem::error(span, format!("the file is not UTF-8: byte 0x{byte:02x}"));
        let problem = problem.label("not text from here on").help("save the file in the encoding UTF-8");
        (Source::new(name, text), vec![problem])
    })
}

/// The text of UTF-16 with a byte order mark, or of the kind that begins with two plain characters.
fn utf16(bytes: &[u8]) -> Option<String> {
    let (body, big) = match bytes {
        [0xff, 0xfe, body @ ..] => (body, false),
        [0xfe, 0xff, body @ ..] => (body, true),
        [1..=0x7f, 0, 1..=0x7f, 0, ..] => (bytes, false),
        [0, 1..=0x7f, 0, 1..=0x7f, ..] => (bytes, true),
        _ => return None,
    };
    let unit =
        |pair: &[u8]| if big { u16::from_be_bytes([pair[0], pair[1]]) } else { u16::from_le_bytes([pair[0], pair[1]]) };
    let units = body.chunks_exact(2).map(unit);
    Some(char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(bytes: &[u8], expected: &str) -> Source {
        let (source, problems) = source_of_bytes("t", bytes.to_vec()).expect_err("no UTF-8");
        let [problem] = &problems[..] else { panic!("{problems:?}") };
        let (line, column) = source.line_column(problem.span.start);
        assert_eq!(format!("{line}:{column} {}", problem.message), expected);
        assert!(problem.span.end as usize <= source.text.len());
        source
    }

    #[test]
    fn utf_8_is_taken_and_everything_else_is_shown_at_its_place() {
        assert_eq!(source_of_bytes("t", "é\n".into()).map(|source| source.text.to_string()), Ok("é\n".to_owned()));
        assert_eq!(source_of_bytes("t", Vec::new()).map(|source| source.text.to_string()), Ok(String::new()));
        refused(b"a\nb\xff", "2:2 the file is not UTF-8: byte 0xff");
        let little: Vec<u8> = "{\"é\": 1}".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(&*refused(&little, "1:1 the file is UTF-16, not UTF-8").text, "{\"é\": 1}");
        let marked: Vec<u8> = [0xfe, 0xff].into_iter().chain("[]".encode_utf16().flat_map(u16::to_be_bytes)).collect();
        assert_eq!(&*refused(&marked, "1:1 the file is UTF-16, not UTF-8").text, "[]");
        refused(&[0xff, 0xfe], "1:1 the file is UTF-16, not UTF-8");
    }
}
