//! Rows a second, bytes a row and what an append costs its caller; run by hand, on the device in question:
//! `cargo test --release -p dunlin journal::tests::measure -- --ignored --nocapture`.

use std::time::Instant;

use super::*;

const ROWS: u32 = 200_000;

#[test]
#[ignore = "a measurement"]
fn rows_a_second_and_bytes_a_row() {
    let mut bench = Bench::new();
    bench.clock = Clock::system();
    let durability = Durability::Batched { max_delay: Duration::from_millis(50), max_rows: 1 << 16 };
    let retention = Retention { max_rows: u64::MAX, max_bytes: u64::MAX, ..Retention::default() };
    let journal = bench.open(JournalConfig { durability, retention });
    let (row, start) = (bench.row(), Instant::now());
    let mut append_ns: Vec<u128> = (0..ROWS)
        .map(|_| {
            let row = Row { at: bench.clock.now(), ..row.clone() };
            let before = Instant::now();
            let _ = journal.append(row);
            before.elapsed().as_nanos()
        })
        .collect();
    journal.flush().unwrap();
    let seconds = start.elapsed().as_secs_f64();
    journal.close().unwrap();
    append_ns.sort_unstable();
    let at = |share: f64| append_ns[(share * f64::from(ROWS - 1)) as usize];
    let bytes = bench.reader().totals().unwrap().used_bytes;
    eprintln!(
        "batched: {:.0} rows/s, {} bytes/row, dropped {}",
        f64::from(ROWS) / seconds,
        bytes / u64::from(ROWS),
        bench.count(Counter::DroppedFull)
    );
    eprintln!("append: median {} ns, p99 {} ns, p99.9 {} ns", at(0.5), at(0.99), at(0.999));
}

#[test]
#[ignore = "a measurement"]
fn acknowledged_rows_a_second() {
    let mut bench = Bench::new();
    let journal = bench.open(sync());
    let start = Instant::now();
    (0..5_000).for_each(|_| drop(journal.append(bench.row())));
    eprintln!("sync: {:.0} rows/s", 5_000.0 / start.elapsed().as_secs_f64());
}

#[test]
#[ignore = "a measurement"]
fn time_to_open() {
    let mut bench = Bench::new();
    let start = Instant::now();
    bench.open(sync()).close().unwrap();
    eprintln!("open and close, new: {:?}", start.elapsed());
    let journal = bench.open(patient(1 << 15));
    (0..100_000).for_each(|_| drop(journal.append(bench.row())));
    journal.close().unwrap();
    let start = Instant::now();
    let journal = bench.open(sync());
    let opened = start.elapsed();
    journal.close().unwrap();
    eprintln!("open, 100,000 rows: {opened:?}, with close {:?}", start.elapsed());
}
