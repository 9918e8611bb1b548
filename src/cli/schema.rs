//! `vpclab schema`: the JSON Schema of scenario files, for editors. Made by the language itself.

use super::complaint::Refusal;
use super::exit::Exit;
use super::terminal::Terminal;
use crate::scenario;

pub(super) fn run(terminal: &Terminal) -> Result<Exit, Refusal> {
    terminal.print(&format!("{:#}\n", scenario::schema()))?;
    Ok(Exit::Held)
}
