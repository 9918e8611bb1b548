//! vpclab: a packet-level simulator of an AWS VPC, in userspace.

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
