//! One run of the program: started, listened to, killed.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::Receiver;
use std::time::Duration;

use serde_json::Value;

use crate::support::program::lines_of;

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_landfall");

/// How long nothing may be said before the wait is over.
const PATIENCE: Duration = Duration::from_secs(20);

/// A run that speaks JSON; killed when dropped.
pub struct Process {
    child: Child,
    lines: Receiver<String>,
    heard: Vec<Value>,
    diagnostics: PathBuf,
}

impl Process {
    /// Starts `command`, whose diagnostics go into the file `diagnostics`.
    pub fn start(mut command: Command, diagnostics: &Path) -> Self {
        let errors = std::fs::File::create(diagnostics).expect("a file for the diagnostics");
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .expect("the program starts");
        Self {
            lines: lines_of(&mut child),
            child,
            heard: Vec::new(),
            diagnostics: diagnostics.to_owned(),
        }
    }

    /// Waits until so many lines like this were heard; `false` if the program falls silent for `patience` before.
    pub fn wait(
        &mut self,
        times: usize,
        patience: Duration,
        is_expected: impl Fn(&Value) -> bool,
    ) -> bool {
        let mut count = 0;
        while count < times {
            let Ok(line) = self.lines.recv_timeout(patience) else {
                return false;
            };
            let event: Value = serde_json::from_str(&line).expect("one JSON object a line");
            count += usize::from(is_expected(&event));
            self.heard.push(event);
        }
        true
    }

    /// Waits until a script prints this line.
    #[track_caller]
    pub fn expect_printed(&mut self, line: &str) {
        let came = self.wait(1, PATIENCE, |event| printed(event) == Some(line));
        assert!(
            came,
            "`{line}` was not printed; heard:\n{}\n{}",
            self.story(),
            self.diagnostics()
        );
    }

    /// SIGKILL: no handler runs, nothing is flushed. Gives everything that was said until then.
    pub fn kill(&mut self) -> Vec<Value> {
        // It may have ended by itself, which the lines will tell.
        let _ = self.child.kill();
        self.child.wait().expect("it was started here");
        let mut lines = self.lines.iter().peekable();
        while let Some(line) = lines.next() {
            match serde_json::from_str(&line) {
                Ok(event) => self.heard.push(event),
                // The kill may cut the last line.
                Err(error) => assert!(lines.peek().is_none(), "{error} in `{line}`"),
            }
        }
        std::mem::take(&mut self.heard)
    }

    /// What it wrote to standard error.
    pub fn diagnostics(&self) -> String {
        std::fs::read_to_string(&self.diagnostics).expect("the file was made here")
    }

    /// What it has said so far.
    pub fn heard(&self) -> &[Value] {
        &self.heard
    }

    /// The same, for the message of a failure.
    pub fn story(&self) -> String {
        let lines: Vec<_> = self.heard.iter().map(Value::to_string).collect();
        lines.join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a script printed, if the event is that.
pub fn printed(event: &Value) -> Option<&str> {
    (event["event"] == "console")
        .then(|| event["message"].as_str())
        .flatten()
}
