//! Problems as people and as machines read them: file, line, column, the line itself, a caret, help. Finds none itself.

use std::borrow::Cow;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet, normalize_untrusted_str};
use serde_json::{Value as Json, json};

use super::{Problem, Severity, Source, Span};

/// How wide a line of a message may be before it is cut around its caret, in characters.
const WIDTH: usize = 120;

/// All problems of a text in its order, each with the line it stands in, and the closing line.
pub fn problems_to_text(source: &Source, problems: &[Problem], color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.decor_style(DecorStyle::Ascii).term_width(WIDTH);
    let mut out = String::new();
    for problem in sorted(problems) {
        let level = match problem.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let mut group = Group::with_title(level.primary_title(problem.message.as_str()));
        group = group.element(snippet(source, problem));
        if let Some((span, label)) = &problem.related
            && window(source, *span).1 != window(source, problem.span).1
        {
            group = group.element(excerpt(source, &[(*span, label.as_str(), AnnotationKind::Context)]));
        }
        for help in &problem.help {
            group = group.element(Level::HELP.message(normalize_untrusted_str(help)));
        }
        out.push_str(&renderer.render(&[group]));
        out.push_str("\n\n");
    }
    if let Some(line) = summary_line(source, problems) {
        out.push_str(&line);
        out.push('\n');
    }
    out
}

/// The closing line, such as `error: 3 problems in FILE`; `None` without problems.
pub fn summary_line(source: &Source, problems: &[Problem]) -> Option<String> {
    let warnings = problems.iter().filter(|problem| problem.severity == Severity::Warning).count();
    let errors = problems.len() - warnings;
    let count = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    let name = &source.name;
    match (errors, warnings) {
        (0, 0) => None,
        (0, _) => Some(format!("warning: {} in {name}", count(warnings, "warning"))),
        (_, 0) => Some(format!("error: {} in {name}", count(errors, "problem"))),
        (_, _) => Some(format!("error: {} and {} in {name}", count(errors, "problem"), count(warnings, "warning"))),
    }
}

/// All problems of a text in its order, as a JSON array.
pub fn problems_to_json(source: &Source, problems: &[Problem]) -> Json {
    let place = |span: Span| {
        let (line, column) = source.line_column(span.start);
        let (end_line, end_column) = source.line_column(span.end.max(span.start));
        json!({
            "file": &*source.name, "line": line, "column": column, "end_line": end_line, "end_column": end_column,
        })
    };
    let one = |problem: &Problem| {
        let severity = match problem.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let related = problem.related.as_ref().map(|(span, label)| json!({"place": place(*span), "label": label}));
        json!({
            "severity": severity,
            "message": problem.message,
            "place": place(problem.span),
            "label": problem.label,
            "help": problem.help,
            "related": related,
        })
    };
    Json::Array(sorted(problems).into_iter().map(one).collect())
}

fn sorted(problems: &[Problem]) -> Vec<&Problem> {
    let mut list: Vec<&Problem> = problems.iter().collect();
    list.sort_by_key(|problem| (problem.span.start, problem.span.end));
    list
}

/// The line of the problem, with the related place if that is in the same line.
fn snippet<'a>(source: &'a Source, problem: &'a Problem) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let mut marks = vec![(problem.span, problem.label.as_str(), AnnotationKind::Primary)];
    if let Some((span, label)) = &problem.related
        && window(source, *span).1 == window(source, problem.span).1
    {
        marks.push((*span, label.as_str(), AnnotationKind::Context));
    }
    excerpt(source, &marks)
}

/// One line of the source with marks. Only that line is handed to the library, which would scan all of a long file.
fn excerpt<'a>(
    source: &'a Source,
    marks: &[(Span, &'a str, AnnotationKind)],
) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let (line, start) = window(source, marks[0].0);
    let number = source.line_column(start as u32).0 as usize;
    let mut snippet = Snippet::source(line).line_start(number).path(Cow::Borrowed(&*source.name)).fold(false);
    for (span, label, kind) in marks {
        let from = floor_boundary(line, (span.start as usize).saturating_sub(start));
        // A stretch of several lines is marked up to the end of its first one; an empty stretch gets one caret.
        let mut to = floor_boundary(line, (span.end as usize).saturating_sub(start));
        if to <= from {
            to = line[from..].chars().next().map_or(from, |next| from + next.len_utf8());
        }
        let label = if label.is_empty() { None } else { Some(normalize_untrusted_str(label)) };
        snippet = snippet.annotation(kind.span(from..to).label(label));
    }
    snippet
}

/// The line in which a span begins, and the offset of that line.
fn window(source: &Source, span: Span) -> (&str, usize) {
    let at = floor_boundary(&source.text, span.start as usize);
    let start = source.text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let end = source.text[at..].find('\n').map_or(source.text.len(), |newline| at + newline);
    (source.text[start..end].trim_end_matches('\r'), start)
}

fn floor_boundary(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn source() -> Source {
        Source::new("a.yaml", "vpcs:\n  main:\n    subnts: {}\n    cidr: 10.0.0.0/99\n")
    }

    #[test]
    fn a_problem_shows_its_line_a_caret_and_help() {
        let problems = [
            Problem::error(Span { start: 39, end: 50 }, "`10.0.0.0/99` is not a CIDR block").label("here"),
            Problem::error(Span { start: 18, end: 24 }, "unknown key `subnts`").did_you_mean("subnts", ["subnets"]),
        ];
        assert_eq!(
            problems_to_text(&source(), &problems, false),
            "error: unknown key `subnts`
 --> a.yaml:3:5
  |
3 |     subnts: {}
  |     ^^^^^^
  |
  = help: did you mean `subnets`?

error: `10.0.0.0/99` is not a CIDR block
 --> a.yaml:4:11
  |
4 |     cidr: 10.0.0.0/99
  |           ^^^^^^^^^^^ here

error: 2 problems in a.yaml
"
        );
    }

    #[test]
    fn machines_get_lines_and_columns() {
        let problems = [Problem::warning(Span { start: 8, end: 12 }, "a").related(Span { start: 0, end: 4 }, "b")];
        let json = problems_to_json(&source(), &problems);
        assert_eq!(json[0]["place"]["line"], 2);
        assert_eq!(json[0]["place"]["column"], 3);
        assert_eq!(json[0]["related"]["place"]["line"], 1);
        assert_eq!(json[0]["severity"], "warning");
    }

    #[test]
    fn the_closing_line_counts_errors_and_warnings_apart() {
        let (error, warning) = (Problem::error(Span::default(), "e"), Problem::warning(Span::default(), "w"));
        let line = |problems: &[Problem]| summary_line(&source(), problems);
        assert_eq!(line(&[]), None);
        assert_eq!(line(std::slice::from_ref(&error)).as_deref(), Some("error: 1 problem in a.yaml"));
        assert_eq!(line(std::slice::from_ref(&warning)).as_deref(), Some("warning: 1 warning in a.yaml"));
        let all = [error, warning.clone(), warning];
        assert_eq!(line(&all).as_deref(), Some("error: 1 problem and 2 warnings in a.yaml"));
    }

    proptest! {
        #[test]
        fn no_text_and_no_span_panics(
            text in "[ -~\\n\\r\\té€\\u{200f}\\u{1b}]{0,60}",
            (start, end) in (0u32..80, 0u32..80),
            (other, until) in (0u32..80, 0u32..80),
        ) {
            let problem = Problem::error(Span { start, end }, text.as_str());
            let problem = problem.label(text.as_str()).help(text.as_str()).related(Span { start: other, end: until }, "x");
            let source = Source::new("t", text);
            problems_to_text(&source, std::slice::from_ref(&problem), true);
            problems_to_json(&source, &[problem]);
        }
    }
}
