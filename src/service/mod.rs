//! Floor 5: programs that hosts run: clients of S3 and of other hosts, servers, S3 itself, DNS. Knows no account.

pub mod spec;
