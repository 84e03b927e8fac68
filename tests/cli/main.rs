//! The `dunlin` command as a user meets it: the real binary, good and bad input, exit codes and messages.

mod bundles;
mod disks;
mod folders;
mod keys;
mod pipes;
mod program;
mod records;
mod tables;
mod whole;
