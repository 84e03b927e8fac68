//! How many predictions a second the socket holds, and how long each takes: printed, not judged.

use std::time::{Duration, Instant};

use crate::board::{Board, record};

const RATE: u32 = 5_000;
const SECONDS: u32 = 10;

#[test]
#[ignore = "a measurement"]
fn how_the_socket_holds_five_thousand_predictions_a_second() {
    let board = Board::new();
    board.write("dunlind.toml", &board.config("").replace("durability = \"sync\"\n", ""));
    let daemon = board.start(|command| command);
    let mut client = board.client();
    let line = record();
    for _ in 0..1_000 {
        client.ask(&line);
    }
    let (begun, mut taken) = (Instant::now(), Vec::new());
    for number in 0..RATE * SECONDS {
        let due = Duration::from_secs(1) * number / RATE;
        // Asleep and not in a loop: a board has no core to spare for a client that waits.
        std::thread::sleep(due.saturating_sub(begun.elapsed()));
        // From when it was due: a client that is behind has waited.
        client.ask(&line);
        taken.push(begun.elapsed() - due);
    }
    let rate = f64::from(RATE * SECONDS) / begun.elapsed().as_secs_f64();
    taken.sort_unstable();
    let at = |share: f64| taken[((taken.len() - 1) as f64 * share) as usize].as_micros();
    eprintln!(
        "{rate:.0} predictions a second; half within {} us, 99 % within {} us, all within {} us",
        at(0.5),
        at(0.99),
        at(1.0)
    );
    daemon.stop();
}
