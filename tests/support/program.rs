//! The program `landfall` under test: run in a folder with scripts, listened to, ended.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use tempfile::TempDir;

pub const DONE: Option<i32> = Some(0);
pub const FAILED: Option<i32> = Some(1);
pub const USAGE: Option<i32> = Some(2);

/// How long a line of a running host may take to come, on a slow machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A folder with scripts, in which the program is run.
pub struct Folder(TempDir);

/// What one run gave.
pub struct Finished {
    /// The exit code.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

/// A host that runs; killed when dropped.
pub struct Running {
    process: Child,
    lines: Receiver<String>,
}

impl Folder {
    /// A folder with these files.
    pub fn with(files: &[(&str, &str)]) -> Self {
        let folder = Self(tempfile::tempdir().expect("a temporary folder"));
        for (name, text) in files {
            let file = folder.path(name);
            std::fs::create_dir_all(file.parent().expect("a file is in a folder"))
                .expect("writable");
            std::fs::write(file, text).expect("writable");
        }
        folder
    }

    /// Where a file of that name is.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The program with these arguments, not started.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_landfall"));
        command
            .args(words)
            .current_dir(self.0.path())
            .stdin(Stdio::null());
        command
    }

    /// Runs the program to its end.
    pub fn landfall(&self, words: &[&str]) -> Finished {
        let Output {
            status,
            stdout,
            stderr,
        } = self.command(words).output().expect("the program starts");
        Finished {
            code: status.code(),
            stdout: String::from_utf8(stdout).expect("output is text"),
            stderr: String::from_utf8(stderr).expect("output is text"),
        }
    }

    /// Starts the program.
    pub fn start(&self, words: &[&str]) -> Running {
        let mut command = self.command(words);
        let mut process = command
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let lines = lines_of(&mut process);
        Running { process, lines }
    }
}

/// What a process prints from now on, whose standard output is piped.
pub fn lines_of(process: &mut Child) -> Receiver<String> {
    let stdout = BufReader::new(process.stdout.take().expect("it is piped"));
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        stdout
            .lines()
            .map_while(Result::ok)
            .try_for_each(|line| sender.send(line))
    });
    lines
}

impl Finished {
    /// Exactly one message on standard error, with all of these in it.
    #[track_caller]
    pub fn expect_error(&self, code: Option<i32>, parts: &[&str]) {
        assert_eq!(self.code, code, "{}", self.stderr);
        assert_eq!(self.stderr.matches("error:").count(), 1, "{}", self.stderr);
        for part in parts {
            assert!(
                self.stderr.contains(part),
                "no `{part}` in:\n{}",
                self.stderr
            );
        }
    }

    /// A line with this in it was printed.
    #[track_caller]
    pub fn expect_line(&self, part: &str) {
        assert!(
            self.stdout.lines().any(|line| line.contains(part)),
            "no `{part}` in:\n{}",
            self.stdout
        );
    }
}

impl Running {
    /// Its process number.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Waits for a line with this in it, and gives it.
    #[track_caller]
    pub fn expect_line(&self, part: &str) -> String {
        let mut seen = Vec::new();
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) if line.contains(part) => return line,
                Ok(line) => seen.push(line),
                Err(_) => panic!("no `{part}` in:\n{}", seen.join("\n")),
            }
        }
    }
}

#[cfg(unix)]
impl Running {
    /// Asks it to end, as a service manager does.
    pub fn terminate(&self) {
        let id = self.process.id().to_string();
        let told = Command::new("kill").args(["-TERM", &id]).status();
        assert!(told.expect("`kill` starts").success());
    }

    /// Waits for its end, and reads on meanwhile so that it is not held up.
    #[track_caller]
    #[allow(
        clippy::disallowed_methods,
        reason = "a process that never ends must fail the test and not hang it"
    )]
    pub fn code(&mut self) -> Option<i32> {
        let begun = Instant::now();
        loop {
            assert!(begun.elapsed() < PATIENCE, "the host runs on");
            match self.lines.recv_timeout(Duration::from_millis(100)) {
                Ok(_) | Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.process.wait().expect("it ended").code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
