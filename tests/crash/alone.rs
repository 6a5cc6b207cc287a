//! The program needs no file of its sources: everything that scripts use is inside the binary.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::crash::process::PROGRAM;
use crate::crash::report;

const WORKER: &str = include_str!("../fixtures/crash/many_apis.js");

/// Covers folders with an empty file system that only the program sees, then becomes the program.
const HIDE_AND_RUN: &str = r#"
    program=$1; shift
    while [ "$1" != -- ]; do
        mount -t tmpfs landfall-test "$1" || exit 77
        [ -z "$(ls -A "$1")" ] || exit 78
        shift
    done
    shift
    exec "$program" "$@"
"#;

/// What the shell above ends with if it may not mount.
const NOT_PERMITTED: i32 = 77;

#[test]
fn the_program_reads_no_script_of_its_own_from_disk() {
    let folder = TempDir::new().expect("a temporary folder");
    let program = folder.path().join("landfall");
    fs::copy(PROGRAM, &program).expect("room for a copy");
    fs::write(folder.path().join("sw.js"), WORKER).expect("writable");
    let hidden = folders_to_hide(folder.path());
    let Some(run) = run_without(&hidden, &program) else {
        report("skipped: hiding the sources needs the right to mount in a namespace of its own");
        return;
    };
    let told = String::from_utf8_lossy(&run.stdout);
    let diagnostics = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{told}\n{diagnostics}");
    assert!(told.contains("all of them worked"), "{told}\n{diagnostics}");
    assert!(!told.contains("failed"), "{told}\n{diagnostics}");
}

/// The sources, what they were built into, and those of the dependencies.
fn folders_to_hide(but: &Path) -> Vec<PathBuf> {
    let built = Path::new(PROGRAM).parent().and_then(Path::parent);
    let mut folders = vec![PathBuf::from(env!("CARGO_MANIFEST_DIR"))];
    folders.extend(built.map(Path::to_owned));
    folders.extend(cargo_home());
    folders.retain(|folder| folder.is_dir() && !but.starts_with(folder));
    folders
}

#[expect(
    clippy::disallowed_methods,
    reason = "where the sources of the dependencies are, only the environment says"
)]
fn cargo_home() -> Option<PathBuf> {
    let home = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo"));
    std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(home)
}

/// Runs the program where these folders are empty; `None` where that is not permitted.
fn run_without(hidden: &[PathBuf], program: &Path) -> Option<Output> {
    let folder = program.parent().expect("a program is in a folder");
    let run = Command::new("unshare")
        .args(["--mount", "--", "sh", "-c", HIDE_AND_RUN, "sh"])
        .arg(program)
        .args(hidden)
        .args([
            "--",
            "run",
            "sw.js",
            "--connectivity",
            "online",
            "--exit-when-idle",
        ])
        .current_dir(folder)
        .output()
        .ok()?;
    let is_permitted = run.status.code() != Some(NOT_PERMITTED)
        && !String::from_utf8_lossy(&run.stderr).contains("unshare failed");
    is_permitted.then_some(run)
}
