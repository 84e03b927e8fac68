//! The `dunlin` command as a user meets it: the real binary, good and bad input, exit codes and messages.

mod bench;
mod budget;
mod bundles;
mod cloud;
mod compat;
mod disks;
mod events;
mod folders;
mod keys;
mod pipes;
mod program;
mod receiver;
mod records;
mod retrain;
mod simulate;
mod sync;
mod tables;
mod walk_through;
mod watch;
mod whole;
