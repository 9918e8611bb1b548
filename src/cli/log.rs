//! The log of `-v`, on standard error: changes, requests and connections as they come. Results never go there.

use tracing_subscriber::EnvFilter;

use super::terminal::Terminal;

/// Starts the log as loud as asked: not at all, changes and requests, connections too, everything.
pub(super) fn start(verbose: u8, terminal: &Terminal) {
    let filter = match verbose {
        0 => return,
        1 => "vpclab=info",
        2 => "vpclab=debug",
        _ => "vpclab=trace",
    };
    // Lines carry virtual time where it matters; the wall clock's would differ from run to run.
    let started = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(filter))
        .with_writer(std::io::stderr)
        .with_ansi(terminal.colors_diagnostics())
        .without_time()
        .with_target(false)
        .try_init();
    if started.is_err() {
        terminal.say("warning: a log is kept already\n");
    }
}
