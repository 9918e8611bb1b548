//! Amazon DynamoDB as far as networks and policies see it: tables of items by one key, its JSON over HTTP/1.1, its
//! denials, and a client. No indexes, no expressions, no streams (facts.md D3).

mod client;
mod front;
mod tables;

pub use client::dynamodb;
pub use front::{DynamoDbFront, listen};
pub use tables::{Item, TableError, Tables};

#[cfg(test)]
mod tests;
