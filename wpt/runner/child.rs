//! The process that runs tests for another one: a job on each line of its input, an outcome on each line of its output.

use std::io::{BufRead, Write};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use anyhow::Result;

use crate::execute::{Job, execute};

/// Runs jobs until the input ends. A process that uses more than `memory` mebibytes ends itself, before the machine
/// has to.
pub(crate) fn run(memory: usize) -> Result<()> {
    let _watch = watch_memory(memory);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    for line in std::io::stdin().lock().lines() {
        let job: Job = serde_json::from_str(&line?)?;
        let outcome = runtime.block_on(execute(&job));
        let mut output = std::io::stdout().lock();
        writeln!(output, "{}", serde_json::to_string(&outcome)?)?;
        output.flush()?;
    }
    Ok(())
}

/// Buffers lie outside of the heap that V8 watches. Ends with the sender.
fn watch_memory(limit: usize) -> Sender<()> {
    let (alive, ended) = channel();
    std::thread::spawn(move || {
        while ended.recv_timeout(Duration::from_millis(100)) == Err(RecvTimeoutError::Timeout) {
            let used = memory_stats::memory_stats().map_or(0, |used| used.physical_mem);
            if used >> 20 > limit {
                let mut errors = std::io::stderr();
                let _ = writeln!(errors, "it used more than {limit} MiB of memory");
                std::process::abort();
            }
        }
    });
    alive
}
