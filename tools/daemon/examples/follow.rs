//! Follows the sensor of a board's daemon and prints a line for each answer, as a program on the board would:
//! `follow /run/dunlin/predict.sock`.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;

use serde_json::Value;

fn main() -> io::Result<()> {
    let usage = || io::Error::new(io::ErrorKind::InvalidInput, "usage: follow SOCKET");
    let mut stream = UnixStream::connect(std::env::args().nth(1).ok_or_else(usage)?)?;
    stream.write_all(b"{\"follow\": \"sensor\"}\n")?;
    let mut output = io::stdout().lock();
    for line in BufReader::new(stream).lines() {
        let line = line?;
        // An empty line says that the daemon is there and has nothing to tell.
        if line.is_empty() {
            continue;
        }
        let answer: Value = serde_json::from_str(&line)?;
        let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        let outputs = answer["outputs"].as_object().and_then(|outputs| outputs.values().next());
        let class = outputs.map_or_else(|| "-".to_owned(), |output| text(&output["class"]));
        writeln!(output, "answer {} {} {class}", text(&answer["id"]), text(&answer["verdict"]))?;
        output.flush()?;
    }
    Ok(())
}
