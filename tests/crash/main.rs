//! What is left after a process is killed or its folder turns on it: rows, ids and an honest account of the loss.

mod child;
mod hostile;
mod killed;
