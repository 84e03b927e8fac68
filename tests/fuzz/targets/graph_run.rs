//! Any bytes as a graph: compiling it never panics nor takes memory without bound, and what compiles runs.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    dunlin_tests::random_graph::exercise(&mut dunlin_tests::random_graph::random_graph(bytes));
});
