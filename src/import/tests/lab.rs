//! Imports in one call, and problems as lines of text.

use super::*;
use crate::base::{AccountId, RegionName};
use crate::control_plane::Scope;
use crate::notation::Problem;

pub(super) fn shown(problems: &[FileProblems]) -> Vec<String> {
    let one = |file: &FileProblems| {
        let line = |problem: &Problem| {
            let (line, column) = file.source.line_column(problem.span.start);
            format!("{}:{line}:{column} {}", file.source.name, problem.message)
        };
        file.problems.iter().map(line).collect::<Vec<_>>()
    };
    problems.iter().flat_map(one).collect()
}

#[track_caller]
pub(super) fn imported(files: Vec<InputFile>) -> Imported {
    match import(files, &ImportOptions::default()) {
        Ok(imported) => imported,
        Err(problems) => panic!("{:#?}", shown(&problems)),
    }
}

#[track_caller]
pub(super) fn check_problems(files: Vec<InputFile>, expected: &[&str]) {
    let problems = import(files, &ImportOptions::default()).expect_err("problems");
    assert_eq!(shown(&problems), expected);
}

pub(super) fn scope(account: &str) -> Scope {
    Scope::new(AccountId::parse(account).expect("an account"), RegionName::parse("us-east-1").expect("a region"))
}
