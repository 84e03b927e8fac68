//! Inferences on demand, for a benchmark that interleaves several engines.

use std::io::{BufRead, Write};
use std::sync::Arc;

use dunlin_bundle::tensor::Tensor;
use dunlin_engine::{EngineError, RawOutput};

use crate::error::{BenchError, Failure};
use crate::load::Loaded;
use crate::process::{peak_rss_kb, thread_cpu_time};

/// Says `ready` with the microseconds of load and first answer and the peak memory in KiB; then, for each line that holds a number, runs so many inferences and says the nanoseconds of CPU time
/// that they took.
pub(crate) fn answer(
    loaded: &Loaded,
    inputs: &[Tensor],
    of_bundle: &dyn Fn(EngineError) -> BenchError,
) -> Result<(), BenchError> {
    let (mut run, mut output) = (Arc::clone(&loaded.model).new_run(), RawOutput::default());
    run.run(inputs, &mut output).map_err(of_bundle)?;
    let mut say = std::io::stdout().lock();
    let pipe = |error: std::io::Error| BenchError::new(Failure::System, "file", error);
    let (load, first, memory) = (loaded.load.as_micros(), loaded.first.as_micros(), peak_rss_kb().unwrap_or(0));
    writeln!(say, "ready {load} {first} {memory}").and_then(|()| say.flush()).map_err(pipe)?;
    for line in std::io::stdin().lock().lines() {
        let line = line.map_err(pipe)?;
        let times: u32 = line.trim().parse().map_err(|_| {
            BenchError::new(
                Failure::Usage,
                "no_number",
                format!("'{line}' is no number of inferences; write one a line"),
            )
        })?;
        let before = thread_cpu_time();
        for _ in 0..times {
            run.run(inputs, &mut output).map_err(of_bundle)?;
        }
        let taken = thread_cpu_time() - before;
        writeln!(say, "{}", taken.as_nanos()).and_then(|()| say.flush()).map_err(pipe)?;
    }
    Ok(())
}
