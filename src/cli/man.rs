//! `vpclab man [VERB]`: the manual page in roff, made from the command line itself.

use std::io;

use clap::CommandFactory as _;

use super::args::{Cli, ManArgs};
use super::complaint::{Complaint, Refusal};
use super::exit::Exit;
use super::terminal::Terminal;

pub(super) fn run(args: &ManArgs, terminal: &Terminal) -> Result<Exit, Refusal> {
    let page = page(args.verb.as_deref())?;
    terminal.print(&page)?;
    Ok(Exit::Held)
}

fn page(verb: Option<&str>) -> Result<String, Refusal> {
    let mut whole = Cli::command().disable_help_subcommand(true);
    whole.build();
    let command = match verb {
        None => whole,
        Some(verb) => {
            let verbs = || whole.get_subcommands().map(|verb| verb.get_name());
            match whole.find_subcommand(verb) {
                // Built as a part, a verb calls itself `vpclab-run` and its usage `vpclab run`.
                Some(found) => found.clone(),
                None => {
                    let list = verbs().collect::<Vec<_>>().join(", ");
                    let complaint = Complaint::new(format_args!("there is no verb `{verb}`"));
                    return Err(complaint.help(format_args!("the verbs are {list}")).into());
                }
            }
        }
    };
    let is_whole = verb.is_none();
    render(command, is_whole).map_err(|error| Complaint::cannot_print(&error).into())
}

fn render(command: clap::Command, is_whole: bool) -> io::Result<String> {
    // Some verbs say themselves what their statuses mean.
    let own_status = command.get_after_help().map(ToString::to_string);
    let own_status = own_status.and_then(|text| text.strip_prefix("Exit status: ").map(str::to_owned));
    let page = clap_mangen::Man::new(command);
    let mut roff = Vec::new();
    page.render_title(&mut roff)?;
    page.render_name_section(&mut roff)?;
    page.render_synopsis_section(&mut roff)?;
    page.render_description_section(&mut roff)?;
    page.render_options_section(&mut roff)?;
    if is_whole {
        page.render_subcommands_section(&mut roff)?;
        roff.extend_from_slice(EXAMPLES.as_bytes());
    }
    match own_status.filter(|_| !is_whole) {
        Some(text) => roff.extend_from_slice(format!(".SH \"EXIT STATUS\"\n{}\n", text.replace('-', "\\-")).as_bytes()),
        None => roff.extend_from_slice(EXIT_STATUS.as_bytes()),
    }
    if is_whole {
        page.render_version_section(&mut roff)?;
    }
    Ok(String::from_utf8_lossy(&roff).into_owned())
}

const EXAMPLES: &str = r#".SH EXAMPLES
.TP
vpclab run scenarios
Run all scenarios below a folder, and say which of them held.
.TP
vpclab run reset.yaml \-\-out run
Run one, print its timeline, and collect timeline, events, summary and captures in the folder \fIrun\fR.
.TP
vpclab run reset.yaml \-\-pace 1 \-\-capture \- | wireshark \-k \-i \-
Watch it live, one second of virtual time a second.
.TP
vpclab run scenarios \-\-format junit > report.xml
Report to a CI system.
"#;

const EXIT_STATUS: &str = r#".SH "EXIT STATUS"
.TP
0
As asked or expected.
.TP
1
An expectation failed, or a run was interrupted before it could be judged.
.TP
2
A wrong or missing file, a place that cannot be written to, or wrong usage. No scenario was run because of a wrong file.
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verb_has_a_page_and_another_word_has_none() {
        for verb in Cli::command().get_subcommands() {
            let text = page(Some(verb.get_name())).expect("a page");
            assert!(text.contains("EXIT STATUS") && text.contains("SYNOPSIS"), "{text}");
        }
        assert!(page(None).expect("a page").contains("vpclab run scenarios"));
        assert!(page(Some("fly")).is_err());
    }
}
