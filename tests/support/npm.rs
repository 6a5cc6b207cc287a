//! Packages from npm, as a lock of this repository says which.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

/// A folder of this repository with the packages of its lock installed.
pub fn installed(folder: &str) -> PathBuf {
    // Two tests at once must not install into one folder.
    static INSTALLING: Mutex<()> = Mutex::new(());
    let _alone = INSTALLING.lock().unwrap_or_else(|held| held.into_inner());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    if !is_installed(&folder) {
        install(&folder);
    }
    folder
}

/// npm writes its own lock when it is done; one older than ours belongs to another set.
fn is_installed(folder: &Path) -> bool {
    let changed = |path: PathBuf| {
        path.metadata()
            .and_then(|metadata| metadata.modified())
            .ok()
    };
    let installed = changed(folder.join("node_modules/.package-lock.json"));
    installed.is_some() && installed >= changed(folder.join("package-lock.json"))
}

fn install(folder: &Path) {
    let output = Command::new("npm")
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        .current_dir(folder)
        .output()
        .expect("this test needs `npm`; install Node.js");
    assert!(
        output.status.success(),
        "`npm ci` in {} failed:\n{}",
        folder.display(),
        String::from_utf8_lossy(&output.stderr)
    );
}
