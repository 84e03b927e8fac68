//! The `dunlin` command as a user meets it: the real binary, good and bad input, exit codes and messages.

mod bundles;
mod folders;
mod program;
mod records;
mod whole;
