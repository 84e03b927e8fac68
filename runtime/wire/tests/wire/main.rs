//! The protocol's messages: adding them, writing and reading them, hostile ones, and what the document says of them.

mod document;
mod hostile;
mod merge;
mod message;
mod size;
