//! `vpclab new FILE`: a commented scenario to start from. Overwrites nothing.

use std::fs;
use std::io::Write as _;

use super::args::NewArgs;
use super::complaint::{Complaint, Refusal};
use super::exit::Exit;
use super::terminal::Terminal;

/// What is written.
const START: &str = include_str!("new.yaml");

pub(super) fn run(args: &NewArgs, terminal: &Terminal) -> Result<Exit, Refusal> {
    let path = &args.file;
    let opened = fs::OpenOptions::new().write(true).create_new(true).open(path);
    opened
        .and_then(|mut file| file.write_all(START.as_bytes()))
        .map_err(|error| Complaint::cannot_write(path, &error))?;
    terminal.print(&format!("wrote {0}\nrun it with: vpclab run {0}\n", path.display()))?;
    Ok(Exit::Held)
}
