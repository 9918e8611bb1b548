//! The set of input files: what each holds, and whose it is: of which account, in which region. Decodes no resource.

mod input_file;
mod library;

mod answer;
mod home;
mod region;

#[cfg(test)]
mod tests;

pub(crate) use home::Home;
pub use input_file::{InputFile, Skipped};
pub(crate) use library::{AnswerList, FileId, Library};
pub(crate) use region::region_in;
