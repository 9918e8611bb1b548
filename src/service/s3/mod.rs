//! Amazon S3: the objects, the names, the requests and who may make them, and the front end that speaks HTTP/1.1 in
//! virtual time. Opens no socket: connections are handed to it.

mod answer;
mod arrival;
mod authorize;
mod connection;
mod content;
mod front;
mod listen;
mod listing;
mod names;
mod operations;
mod recorder;
mod request;
mod store;

pub(crate) use answer::{http_date, unescape as unescape_xml};
pub use connection::serve;
pub use content::{CHUNK_BYTES, Chunks, Content, show_bytes};
pub use front::{FrontSettings, S3Front};
pub use listen::listen;
pub use listing::{KEYS_MAX, ListPage, ListQuery};
pub use names::{HostName, S3Name, US_STANDARD, is_bucket_name};
pub use recorder::{Recorder, TooMuch};
pub use request::{percent_decode, percent_encode, query};
pub use store::{
    Bucket, KEPT_BYTES_MAX, KEY_BYTES_MAX, Object, ObjectStore, PART_BYTES_MIN, PARTS_MAX, Part, StoreError,
    UploadSummary,
};
