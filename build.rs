//! Makes the start-up snapshot: the heap of a scope in which every script of the platform has already run.
//!
//! It compiles the script-visible half and everything below it, so that the snapshot is made from the very extensions
//! that running scopes use.
#![cfg_attr(
    feature = "v8",
    allow(
        dead_code,
        unreachable_pub,
        unused_imports,
        missing_docs,
        clippy::allow_attributes_without_reason,
        reason = "the snapshot needs the extensions, not everything that is around them"
    )
)]

#[cfg(feature = "v8")]
#[path = "src/background_fetch/mod.rs"]
mod background_fetch;
#[cfg(feature = "v8")]
#[path = "src/clock/mod.rs"]
mod clock;
#[cfg(feature = "v8")]
#[path = "src/connectivity/mod.rs"]
mod connectivity;
#[cfg(feature = "v8")]
#[path = "src/dom_string.rs"]
mod dom_string;
#[cfg(feature = "v8")]
#[path = "src/header_list.rs"]
mod header_list;
#[cfg(feature = "v8")]
#[path = "src/network/mod.rs"]
mod network;
#[cfg(feature = "v8")]
#[path = "src/notification.rs"]
mod notification;
#[cfg(feature = "v8")]
#[path = "src/push/mod.rs"]
mod push;
#[cfg(feature = "v8")]
#[path = "src/service_worker/mod.rs"]
mod service_worker;
#[cfg(feature = "v8")]
#[path = "src/storage/mod.rs"]
mod storage;
#[cfg(feature = "v8")]
#[path = "src/sync/mod.rs"]
mod sync;
#[cfg(feature = "v8")]
#[path = "src/web/mod.rs"]
mod web;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    #[cfg(feature = "v8")]
    snapshot::write();
}

#[cfg(feature = "v8")]
mod snapshot {
    use std::collections::BTreeMap;
    use std::path::PathBuf;

    use deno_core::snapshot::{CreateSnapshotOptions, CreateSnapshotOutput, create_snapshot};

    /// Writes `snapshot.bin` and `residual.rs` into the build's output folder.
    pub fn write() {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is how cargo tells a build script its folder"
        )]
        let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
        let snapshot = create_snapshot(
            CreateSnapshotOptions {
                cargo_manifest_dir: env!("CARGO_MANIFEST_DIR"),
                startup_snapshot: None,
                extensions: crate::web::extensions(),
                extension_transpiler: None,
                with_runtime_cb: None,
                skip_op_registration: false,
            },
            None,
        )
        .expect("the platform's scripts run");
        for path in &snapshot.files_loaded_during_snapshot {
            println!("cargo:rerun-if-changed={}", path.display());
        }
        println!("cargo:rerun-if-changed=src");
        std::fs::write(out.join("snapshot.bin"), &snapshot.output).expect("OUT_DIR is writable");
        std::fs::write(out.join("residual.rs"), residual_scripts(&snapshot))
            .expect("OUT_DIR is writable");
    }

    /// Tables of the lazy scripts that the snapshot did not take in, so that the binary carries them.
    fn residual_scripts(snapshot: &CreateSnapshotOutput) -> String {
        let (mut scripts, mut modules) = (BTreeMap::new(), BTreeMap::new());
        for extension in crate::web::extensions() {
            let lazy = [
                (&mut scripts, extension.lazy_loaded_js_files.iter()),
                (&mut modules, extension.lazy_loaded_esm_files.iter()),
            ];
            for (table, files) in lazy {
                for file in files {
                    let specifier = file.specifier.to_string();
                    #[allow(
                        deprecated,
                        reason = "the only name for a source that is read from disk"
                    )]
                    if let deno_core::ExtensionFileSourceCode::LoadedFromFsDuringSnapshot(path) =
                        &file.code
                        && !snapshot.consumed_lazy_specifiers.contains(&specifier)
                    {
                        table.insert(specifier, path.to_string());
                    }
                }
            }
        }
        table("RESIDUAL_SCRIPTS", &scripts) + &table("RESIDUAL_MODULES", &modules)
    }

    /// deno_core wants its tables sorted by specifier.
    fn table(name: &str, sources: &BTreeMap<String, String>) -> String {
        let rows: String = sources
            .iter()
            .map(|(specifier, path)| format!("    ({specifier:?}, include_str!({path:?})),\n"))
            .collect();
        format!("static {name}: &[(&str, &str)] = &[\n{rows}];\n")
    }
}
