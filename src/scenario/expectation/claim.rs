//! What can be expected of a run, as data.

use std::time::Duration;

use super::log_line::LogLine;
use super::packet_pattern::PacketPattern;
use crate::analysis::Dollars;
use crate::control_plane::Destination;
use crate::notation::Span;
pub use crate::trace::Cause;
use crate::trace::DropReason;

/// One thing that must come of the run.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// What must come.
    pub what: Expected,
    /// It in words, close to the text of the file.
    pub text: String,
    /// The rules that it shows.
    pub rules: Vec<String>,
    /// Whether it shows their opposite.
    pub twin: bool,
    /// Why it must be so, for the reader.
    pub because: Option<String>,
    /// Where it stands.
    pub span: Span,
}

/// A stretch of the run, between steps of the timeline, by their places.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// Only what happened after this step.
    pub after: Option<usize>,
    /// Only what happened before this step.
    pub before: Option<usize>,
}

/// When something must happen, counted from a step or from the start.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Timing {
    /// The step from which time counts; the start of the world without one.
    pub of: Option<usize>,
    /// At the latest.
    pub within: Option<Duration>,
    /// At the earliest.
    pub not_before: Option<Duration>,
}

/// Who sent a reset.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum ResetBy {
    /// The far end, which does not know the connection.
    Service,
    /// A NAT gateway that has no mapping for it.
    NatGateway,
    /// The program at the far end.
    Peer,
}

/// What must come of the run. Programs are named as in the scenario; a fleet's name means all of its programs.
#[derive(Clone, Debug, PartialEq)]
pub enum Expected {
    /// Programs end as they should.
    Completes { programs: Vec<String>, timing: Timing, how: Completion },
    /// Programs end otherwise.
    Fails {
        programs: Vec<String>,
        timing: Timing,
        by: Option<Cause>,
        status: Option<u16>,
        code: Option<String>,
        saying: Option<String>,
    },
    /// Connections of programs are reset.
    IsReset {
        programs: Vec<String>,
        timing: Timing,
        by: Option<ResetBy>,
        times: Option<u32>,
        having_received: Option<u64>,
    },
    /// No connection of the programs is reset.
    IsNotReset { programs: Vec<String>, window: Window },
    /// A connection or attempt of programs times out.
    TimesOut { programs: Vec<String>, timing: Timing },
    /// An attempt of programs is refused.
    IsRefused { programs: Vec<String>, window: Window },
    /// Programs try again, so often, or at all.
    Retries { programs: Vec<String>, times: Option<u32> },
    /// The connection that a program has at a step lives on, for so long or to the end of the program.
    Survives { programs: Vec<String>, step: usize, by: Option<Duration> },
    /// A connection of programs is open at the end of the run, at their own or the named machine's side.
    StaysOpen { programs: Vec<String>, at: Option<String> },
    /// Every connection of the programs in the window crosses these devices.
    CarriedBy { programs: Vec<String>, devices: Vec<String>, window: Window },
    /// No packet of the programs in the window crosses any of these devices.
    NeverCrosses { programs: Vec<String>, devices: Vec<String>, window: Window },
    /// What pings and traceroutes hear.
    Hears {
        programs: Vec<String>,
        replies: Option<u32>,
        ttl: Option<u8>,
        from: Option<String>,
        hops: Option<Vec<String>>,
        round_trip: Option<Duration>,
    },
    /// How names resolve: to these addresses, blocks or services; to nothing, if the list is empty.
    Resolves { programs: Vec<String>, to: Option<Vec<String>>, window: Window },
    /// Packets of a program pass a point in this order.
    Exchanges { programs: Vec<String>, at: String, packets: Vec<PacketPattern>, exactly: bool, window: Window },
    /// Probes, which are programs of their own (by name), are answered, over these devices.
    Reaches { probes: Vec<String>, devices: Vec<String> },
    /// Probes are not answered.
    DoesNotReach { probes: Vec<String>, reason: Option<DropCode>, dropped_by: Option<String>, refused: bool },
    /// The access log of S3 has such a line, or has none.
    S3Sees { line: Box<LogLine>, never: bool },
    /// Packets are dropped for this reason.
    Drops { reason: DropCode, by: Option<String>, programs: Vec<String>, times: Option<u64>, window: Window },
    /// No packet is dropped, for this reason or for any.
    DropsNothing { reason: Option<DropCode>, programs: Vec<String>, window: Window },
    /// What a route table has and lacks at an instant; at the end unless said otherwise.
    RouteTable {
        table: String,
        has: Vec<(Destination, String)>,
        lacks: Vec<Destination>,
        blackhole: Vec<Destination>,
        at: Option<Duration>,
        window: Window,
    },
    /// So many bytes cross a device.
    Carries { device: String, at_least: Option<u64>, at_most: Option<u64>, window: Window },
    /// The bytes on a path cost so much, in millionths of a US dollar.
    Costs { path: String, at_least: Option<Dollars>, at_most: Option<Dollars> },
}

/// A reason for a drop, by its code: several reasons can share one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DropCode(pub String);

impl DropCode {
    /// Whether a reason has this code.
    pub fn fits(&self, reason: DropReason) -> bool {
        self.0 == reason.code()
    }
}

/// How a program completes; what is `None` may be anything.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Completion {
    /// Bytes of payload that it moved.
    pub bytes: Option<u64>,
    /// The HTTP status of its last answer.
    pub status: Option<u16>,
    /// How many attempts it took.
    pub attempts: Option<u32>,
    /// A part of what it has to show.
    pub saying: Option<String>,
}

impl Expected {
    /// The stretch of the run that it is about, where it can have one.
    pub fn window(&self) -> Option<&Window> {
        match self {
            Self::IsNotReset { window, .. }
            | Self::IsRefused { window, .. }
            | Self::CarriedBy { window, .. }
            | Self::NeverCrosses { window, .. }
            | Self::Resolves { window, .. }
            | Self::Exchanges { window, .. }
            | Self::Drops { window, .. }
            | Self::DropsNothing { window, .. }
            | Self::RouteTable { window, .. }
            | Self::Carries { window, .. } => Some(window),
            Self::S3Sees { line, .. } => Some(&line.window),
            Self::Completes { .. }
            | Self::Fails { .. }
            | Self::IsReset { .. }
            | Self::TimesOut { .. }
            | Self::Retries { .. }
            | Self::Survives { .. }
            | Self::StaysOpen { .. }
            | Self::Hears { .. }
            | Self::Reaches { .. }
            | Self::DoesNotReach { .. }
            | Self::Costs { .. } => None,
        }
    }
}
