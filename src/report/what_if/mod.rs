//! What a change would do, as a page for people and as JSON for machines. Finds nothing out itself.

mod page;

mod connection;
mod program;
mod reach;
mod request;

mod json;

pub use page::WhatIfPage;
