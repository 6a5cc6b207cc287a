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
    use std::path::{Path, PathBuf};
    use std::rc::Rc;
    use std::sync::Arc;

    use deno_core::snapshot::{CreateSnapshotOptions, CreateSnapshotOutput, create_snapshot};
    use deno_core::{
        Extension, ExtensionFileSource, JsRuntime, JsRuntimeForSnapshot, ModuleCodeString,
        RuntimeOptions, scope, serde_v8, v8, wrap_lazy_ext_script,
    };
    use futures::FutureExt;

    use crate::clock::SystemClock;
    use crate::connectivity::Connectivity;
    use crate::service_worker::ScriptMap;
    use crate::storage::{Durability, OriginFiles};
    use crate::web::fetch::FetchRoute;
    use crate::web::host_port::{ContextId, HostPort};
    use crate::web::navigator::NavigatorOptions;
    use crate::web::on_demand::compile_on_demand;
    use crate::web::platform::V8_FLAGS;
    use crate::web::script_error::ScriptSources;
    use crate::web::service_worker::StoredScripts;
    use crate::web::{OriginShared, ScopeOptions, extension_arguments, extensions};

    /// Writes `snapshot.bin` and `tables.rs` into the build's output folder.
    pub fn write() {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is how cargo tells a build script its folder"
        )]
        let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
        // For reshape.js.
        v8::V8::set_flags_from_string("--allow-natives-syntax --no-freeze-flags-after-init");
        let snapshot = create_snapshot(
            CreateSnapshotOptions {
                cargo_manifest_dir: env!("CARGO_MANIFEST_DIR"),
                startup_snapshot: None,
                extensions: extensions().into_iter().map(load_as_scripts).collect(),
                extension_transpiler: Some(Rc::new(|name, source| {
                    Ok((
                        script_of(name.as_str(), source, "globalThis.__bootstrap"),
                        None,
                    ))
                })),
                with_runtime_cb: Some(Box::new(|runtime| {
                    runtime
                        .execute_script("ext:start", START)
                        .expect("the platform's scripts run");
                })),
                skip_op_registration: false,
            },
            None,
        )
        .expect("the platform's scripts run");
        for path in &snapshot.files_loaded_during_snapshot {
            println!("cargo:rerun-if-changed={}", path.display());
        }
        println!("cargo:rerun-if-changed=src");
        println!("cargo:rerun-if-changed=js");
        let cold = Vec::leak(snapshot.output.to_vec());
        let warm = warm_up(cold, &snapshot.consumed_lazy_specifiers);
        std::fs::write(out.join("snapshot.bin"), &warm).expect("OUT_DIR is writable");
        let [scripts, modules] = residual_sources(&snapshot);
        let tables =
            scripts_on_demand(&scripts, Vec::leak(warm), &out) + &residual_modules(&modules, &out);
        std::fs::write(out.join("tables.rs"), tables).expect("OUT_DIR is writable");
    }

    /// Runs the entry point, and with it everything that it imports.
    const START: &str =
        "__bootstrap.core.loadExtScript('ext:sw_global_scope/bootstrap.js'), undefined";

    /// Takes our modules for scripts.
    ///
    /// A module stays whole for as long as a function of it does: its body, a cell for each name that it imports or
    /// exports, and tables of those. Each scope would be given them anew, and they are a tenth of what it is made of. Of
    /// a script only the functions stay.
    fn load_as_scripts(mut extension: Extension) -> Extension {
        if is_ours(extension.name) {
            extension.lazy_loaded_js_files = std::mem::take(&mut extension.esm_files);
            extension.esm_entry_point = None;
        }
        extension
    }

    fn is_ours(name: &str) -> bool {
        ["sw_", "landfall_"]
            .iter()
            .any(|prefix| name.starts_with(prefix))
    }

    /// A module of ours as a script of the kind that Deno loads: a function that gives its exports, on as many lines.
    ///
    /// It knows the forms that our modules have. All names are imported in braces at the beginning of a line, and no
    /// two modules import each other. What deno_core has for its scripts is found at `bootstrap`: on the global while
    /// the snapshot is made, later only in the argument that on_demand.js gives them.
    fn script_of(specifier: &str, module: ModuleCodeString, bootstrap: &str) -> ModuleCodeString {
        if !specifier.strip_prefix("ext:").is_some_and(is_ours) {
            return module;
        }
        let (mut script, mut exports) = ("(function () { ".to_owned(), Vec::new());
        let mut is_import = false;
        for line in module.as_str().lines() {
            is_import |= line.starts_with("import {");
            if is_import {
                let line = line.replace("import {", "const {").replace(" as ", ": ");
                match line.split_once(" from ") {
                    Some((names, from)) => {
                        is_import = false;
                        script += &format!("{names} = {};", exports_of(from, bootstrap));
                    }
                    None => script += &line,
                }
            } else if let Some(declaration) = line.strip_prefix("export ") {
                let names = declared(declaration);
                exports.push(names.to_owned());
                if let Some((_, from)) = declaration.split_once(" from ") {
                    script += &format!("const {{ {names} }} = {};", exports_of(from, bootstrap));
                } else if !declaration.starts_with('{') {
                    script += declaration;
                }
            } else {
                script += line;
            }
            script.push('\n');
        }
        script += &format!("return {{ {} }}; }})()", exports.join(", "));
        script.into()
    }

    /// Where a script finds what it imports from a module, whose specifier comes quoted and with a semicolon.
    fn exports_of(from: &str, bootstrap: &str) -> String {
        let specifier = from.trim_end_matches(';');
        match specifier.trim_matches('"') {
            "ext:core/mod.js" => bootstrap.to_owned(),
            "ext:core/ops" => format!("{bootstrap}.core.ops"),
            _ => format!("{bootstrap}.core.loadExtScript({specifier})"),
        }
    }

    /// The names that a declaration declares, or a list in braces has.
    fn declared(declaration: &str) -> &str {
        let names = declaration.strip_prefix("const ").unwrap_or(declaration);
        if let Some((list, _)) = names.strip_prefix("{ ").and_then(|it| it.split_once(" }")) {
            return list;
        }
        declaration
            .split([' ', '(', ';', '*'])
            .find(|word| !["async", "function", "class", "const", "let", ""].contains(word))
            .expect("a declaration has a name")
    }

    /// The same snapshot, but with the bytecode of the functions that each start runs.
    ///
    /// V8 compiles a function when it is first called. Here that happens in a context beside the one that is kept, so
    /// that what the rehearsal did leaves nothing behind but compiled functions, which all contexts share.
    fn warm_up(cold: &'static [u8], specifiers: &[String]) -> Vec<u8> {
        let tokio = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime starts");
        let _entered = tokio.enter();
        let mut runtime = JsRuntimeForSnapshot::new(RuntimeOptions {
            startup_snapshot: Some(cold),
            extensions: extensions(),
            skip_op_registration: true,
            ..Default::default()
        });
        let (options, port) = rehearsal_options();
        let scripts = StoredScripts::new(ScriptMap::default());
        runtime
            .lazy_init_extensions(extension_arguments(options, scripts))
            .expect("the extensions are those of the snapshot");
        runtime.op_state().borrow_mut().put(port);
        runtime
            .op_state()
            .borrow_mut()
            .put(ScriptSources::default());
        reshape(&mut runtime, specifiers);
        rehearse(&mut runtime);
        with_sources(cold, &runtime.snapshot())
    }

    /// A scope that reaches nothing.
    fn rehearsal_options() -> (ScopeOptions, HostPort) {
        let (requests, _) = tokio::sync::mpsc::unbounded_channel();
        let files = OriginFiles::new(PathBuf::from("nowhere"), 0, Arc::new(drop));
        let options = ScopeOptions {
            url: "https://rehearsal.example/sw.js"
                .parse()
                .expect("this is an address"),
            origin: "https://rehearsal.example".to_owned(),
            shared: OriginShared::new(Arc::clone(&files)),
            clock: Arc::new(SystemClock),
            navigator: NavigatorOptions {
                user_agent: String::new(),
                languages: vec![String::new()],
                connectivity: Connectivity::simulated(false).0,
                files,
            },
            exposed_functions: Vec::new(),
            fetch_route: FetchRoute(Arc::new(|_| std::future::pending().boxed())),
            durability: Durability::default(),
            scripts: ScriptMap::default(),
        };
        (options, HostPort::new(ContextId(0), requests))
    }

    /// Frees the shapes that the exports of the scripts had while they were made.
    fn reshape(runtime: &mut JsRuntimeForSnapshot, specifiers: &[String]) {
        let reshape = include_str!("js/global_scope/reshape.js").trim_end_matches([';', '\n']);
        runtime
            .execute_script("ext:reshape", format!("({reshape})({specifiers:?})"))
            .expect("the script runs");
    }

    /// Runs the rehearsal in a fresh context of the snapshot.
    fn rehearse(runtime: &mut JsRuntimeForSnapshot) {
        scope!(scope, runtime);
        let kept = scope.get_current_context();
        let stage = v8::Context::from_snapshot(scope, 0, v8::ContextOptions::default())
            .expect("the snapshot has a context");
        for slot in STATE_SLOTS {
            let state = kept.get_aligned_pointer_from_embedder_data(slot);
            // It stands as long as the runtime does, and the stage is gone before.
            #[expect(
                unsafe_code,
                reason = "there is no other way to give a context its state"
            )]
            unsafe {
                stage.set_aligned_pointer_in_embedder_data(slot, state);
            }
        }
        {
            let scope = &mut v8::ContextScope::new(scope, stage);
            v8::tc_scope!(let scope, scope);
            let source = v8::String::new(scope, include_str!("js/global_scope/rehearsal.js"))
                .expect("it is short");
            v8::Script::compile(scope, source, None).and_then(|script| script.run(scope));
            let thrown = scope.exception();
            let thrown = thrown.map(|exception| exception.to_rust_string_lossy(scope));
            assert_eq!(thrown, None, "the rehearsal runs to its end");
            scope.perform_microtask_checkpoint();
        }
        for slot in STATE_SLOTS {
            #[expect(unsafe_code, reason = "as above")]
            unsafe {
                stage.set_aligned_pointer_in_embedder_data(slot, std::ptr::null_mut());
            }
        }
        stage.clear_all_slots();
    }

    /// Where deno_core keeps a context's state.
    const STATE_SLOTS: [i32; 2] = [1, 2];

    /// Gives a snapshot that was made from `cold` what deno_core leaves out of it: the sources of the scripts.
    ///
    /// A snapshot is V8's part, deno_core's part and the length of V8's part. In deno_core's the list of the extensions
    /// and all that follows it, the sources at the end, is the same for both.
    fn with_sources(cold: &[u8], warm: &[u8]) -> Vec<u8> {
        let names = extensions();
        let first = names.first().expect("there are extensions").name;
        let count = u32::try_from(names.len()).expect("there are few");
        let length = u32::try_from(first.len()).expect("it is short");
        let list = [
            &count.to_le_bytes(),
            &length.to_le_bytes(),
            first.as_bytes(),
        ]
        .concat();
        let split = |snapshot: &[u8]| {
            let (rest, length) = snapshot.split_last_chunk().expect("it ends with a length");
            let v8 = usize::try_from(u64::from_le_bytes(*length)).expect("it fits into memory");
            let list = rest[v8..]
                .windows(list.len())
                .position(|window| window == list)
                .expect("deno_core's part has the list of the extensions");
            (rest.len(), v8 + list)
        };
        let ((cold_end, cold_list), (_, warm_list)) = (split(cold), split(warm));
        let length = warm.last_chunk::<8>().expect("it ends with a length");
        [&warm[..warm_list], &cold[cold_list..cold_end], length].concat()
    }

    /// The table of the scripts that are loaded on demand, each as one function with all that it needs and the snapshot
    /// has not, and with what V8 compiles it to in a scope that starts from `snapshot`.
    fn scripts_on_demand(
        residual: &BTreeMap<&str, String>,
        snapshot: &'static [u8],
        out: &Path,
    ) -> String {
        // As in running scopes, or V8 takes what is compiled here for that of another version.
        v8::V8::set_flags_from_string("--no-allow-natives-syntax --freeze-flags-after-init");
        v8::V8::set_flags_from_string(V8_FLAGS);
        let mut runtime = JsRuntime::new(RuntimeOptions {
            startup_snapshot: Some(snapshot),
            extensions: extensions(),
            skip_op_registration: true,
            ..Default::default()
        });
        let on_demand = runtime
            .execute_script("ext:on_demand", ON_DEMAND)
            .expect("it is in the snapshot");
        scope!(scope, runtime);
        let on_demand = v8::Local::new(scope, on_demand);
        let OnDemand { run, contents } =
            serde_v8::from_v8(scope, on_demand).expect("it exports these");
        let run = v8::Local::<v8::Function>::try_from(run.v8_value).expect("it is a function");
        let mut rows = String::new();
        for specifier in &contents.specifiers {
            let body = bundle(specifier, &contents.intrinsics, residual);
            let compile = || {
                let source = v8::String::new(scope, &body)?;
                let script = compile_on_demand(scope, specifier, source, None)?;
                // So that the functions that it calls are compiled too.
                run.call(scope, v8::undefined(scope).into(), &[script.into()])?;
                script.create_code_cache()
            };
            let code = compile().expect("the platform's scripts can be compiled");
            let path = out.join(specifier.replace([':', '/'], "_"));
            let code_path = path.with_extension("bin");
            std::fs::write(&path, body).expect("OUT_DIR is writable");
            std::fs::write(&code_path, &code[..]).expect("OUT_DIR is writable");
            rows += &format!(
                "    OnDemandScript {{ specifier: {specifier:?}, source: include_str!({path:?}), \
                 code: include_bytes!({code_path:?}) }},\n"
            );
        }
        format!("static ON_DEMAND: &[OnDemandScript] = &[\n{rows}];\n")
    }

    /// The module that knows what is loaded on demand.
    const ON_DEMAND: &str = "__bootstrap.core.loadExtScript('ext:landfall_platform/on_demand.js')";

    /// What it exports for this.
    #[derive(serde::Deserialize)]
    struct OnDemand<'s> {
        #[serde(borrow)]
        run: serde_v8::Value<'s>,
        contents: OnDemandContents,
    }

    #[derive(serde::Deserialize)]
    struct OnDemandContents {
        specifiers: Vec<String>,
        intrinsics: Vec<String>,
    }

    /// The body of a function that runs a script, and first those that it loads, and returns its exports.
    fn bundle(specifier: &str, intrinsics: &[String], residual: &BTreeMap<&str, String>) -> String {
        let mut order = Vec::new();
        add_with_imports(specifier, residual, &mut order);
        let intrinsics = intrinsics.join(", ");
        let mut body =
            format!("\"use strict\"; const {{ {intrinsics} }} = __bootstrap.intrinsics;\n");
        for specifier in order {
            let script = script_of(specifier, residual[specifier].clone().into(), "__bootstrap");
            let script = wrap_lazy_ext_script(script.as_str());
            let exports = script
                .strip_prefix("\"use strict\"; return ")
                .expect("that is how deno_core wraps it");
            body += &format!("registry[{specifier:?}] ??= {exports}\n");
        }
        body += &format!("return registry[{specifier:?}];\n");
        assert!(body.is_ascii(), "{specifier} is to be in ASCII");
        body
    }

    fn add_with_imports<'a>(
        specifier: &str,
        residual: &BTreeMap<&'a str, String>,
        order: &mut Vec<&'a str>,
    ) {
        let Some((specifier, source)) = residual.get_key_value(specifier) else {
            return;
        };
        if order.contains(specifier) {
            return;
        }
        for imported in source.split('"').filter(|it| it.starts_with("ext:")) {
            add_with_imports(imported, residual, order);
        }
        order.push(specifier);
    }

    /// The sources that the snapshot did not take in, of lazy scripts and of lazy modules.
    fn residual_sources(snapshot: &CreateSnapshotOutput) -> [BTreeMap<&'static str, String>; 2] {
        let read = |files: &[ExtensionFileSource]| -> Vec<_> {
            let consumed = &snapshot.consumed_lazy_specifiers;
            files
                .iter()
                .filter(|file| !consumed.iter().any(|it| it == file.specifier))
                .map(|file| {
                    let source = file.load().expect("the sources of extensions can be read");
                    (file.specifier, source.as_str().to_owned())
                })
                .collect()
        };
        let (mut scripts, mut modules) = (BTreeMap::new(), BTreeMap::new());
        for extension in extensions().into_iter().map(load_as_scripts) {
            scripts.extend(read(&extension.lazy_loaded_js_files));
            modules.extend(read(&extension.lazy_loaded_esm_files));
        }
        [scripts, modules]
    }

    /// The table of lazy modules, sorted by specifier as deno_core wants it.
    fn residual_modules(modules: &BTreeMap<&str, String>, out: &Path) -> String {
        let mut rows = String::new();
        for (specifier, source) in modules {
            let path = out.join(specifier.replace([':', '/'], "_"));
            std::fs::write(&path, source).expect("OUT_DIR is writable");
            rows += &format!("    ({specifier:?}, include_str!({path:?})),\n");
        }
        format!("static RESIDUAL_MODULES: &[(&str, &str)] = &[\n{rows}];\n")
    }
}
