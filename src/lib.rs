//! vpclab: a packet-level simulator of an AWS VPC, in userspace.
//!
//! The modules stand in the order of their floors, and import only what stands before them (`ARCHITECTURE.md` says why,
//! `tests/tidy.rs` holds it). What is true of all of them:
//!
//! 1. Below `cli`, nothing reads a clock, a file, the environment or the network.
//! 2. The same version, scenario and seed give the same bytes of output.
//! 3. Each packet that enters a node is forwarded, delivered, absorbed or dropped with a reason: exactly one of them.
//! 4. `control_plane` is ignorant of packets and `data_plane` of AWS records; only `provision` translates.
//! 5. No scenario text, packet bytes or call can make us panic.
//! 6. Reports read what was told, never nodes.
//! 7. No code path closes a connection because a route, an endpoint or a policy changed.

pub mod base;
pub mod notation;

pub mod packet;
pub mod policy;

pub mod control_plane;

pub mod trace;

pub mod engine;

pub mod data_plane;
pub mod host;

pub mod service;

pub mod provision;

pub mod sim;

pub mod analysis;
pub mod import;
pub mod scenario;

pub mod report;

pub mod cli;
