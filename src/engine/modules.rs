//! The module loader: serves the stored scripts of one worker, and asks the host for those it has not.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use deno_core::error::ModuleLoaderError;
use deno_core::{
    ModuleLoadOptions, ModuleLoadReferrer, ModuleLoadResponse, ModuleLoader, ModuleResolveResponse,
    ModuleSource, ModuleSourceCode, ModuleSpecifier, ModuleType, ResolutionKind, resolve_import,
};
use deno_error::JsErrorBox;
use url::Url;

use crate::service_worker::ScriptType;
use crate::web::host_port::HostPort;
use crate::web::script_error::ScriptSources;
use crate::web::service_worker::{StoredScripts, decode_script};

/// The module that a scope begins with. Clones share it.
#[derive(Clone)]
pub(super) struct MainModule {
    scripts: StoredScripts,
    /// It and what it imports are being loaded: an `import()` of ours, the one that a service worker's scope is allowed.
    is_loading: Rc<Cell<bool>>,
}

impl MainModule {
    pub(super) fn new(scripts: StoredScripts) -> Self {
        Self {
            scripts,
            is_loading: Rc::default(),
        }
    }

    /// It is about to be imported.
    pub(super) fn begin(&self, url: &Url, text: &str) {
        self.scripts.provide(url, text);
        self.is_loading.set(true);
    }
}

/// Loads modules for one scope.
pub(super) struct StoredModules {
    main: MainModule,
    scripts: StoredScripts,
    sources: ScriptSources,
    host: HostPort,
    is_service_worker: bool,
}

impl StoredModules {
    pub(super) fn new(
        main: MainModule,
        scripts: StoredScripts,
        sources: ScriptSources,
        host: HostPort,
        is_service_worker: bool,
    ) -> Self {
        Self {
            main,
            scripts,
            sources,
            host,
            is_service_worker,
        }
    }
}

impl ModuleLoader for StoredModules {
    fn resolve(
        &self,
        specifier: &str,
        referrer: &str,
        kind: ResolutionKind,
    ) -> ModuleResolveResponse {
        // https://html.spec.whatwg.org/multipage/webappapis.html#hostloadimportedmodule
        let is_import_call = matches!(kind, ResolutionKind::DynamicImport);
        if is_import_call && self.is_service_worker && !self.main.is_loading.get() {
            return Err(JsErrorBox::type_error(
                "import() is disallowed on ServiceWorkerGlobalScope by the HTML specification",
            ));
        }
        resolve_import(specifier, referrer).map_err(JsErrorBox::from_err)
    }

    fn load(
        &self,
        specifier: &ModuleSpecifier,
        _referrer: Option<&ModuleLoadReferrer>,
        _options: ModuleLoadOptions,
    ) -> ModuleLoadResponse {
        let (scripts, sources, host, specifier) = (
            self.scripts.clone(),
            self.sources.clone(),
            self.host.clone(),
            specifier.clone(),
        );
        ModuleLoadResponse::Async(Box::pin(async move {
            let script = scripts
                .load(&specifier, ScriptType::Module, &host)
                .await
                .map_err(|error| ModuleLoaderError::type_error(error.to_string()))?;
            let text = decode_script(&script.body);
            sources.insert(script.url.as_str(), Arc::clone(&text));
            Ok(ModuleSource::new_with_redirect(
                ModuleType::JavaScript,
                ModuleSourceCode::String(text.to_string().into()),
                &specifier,
                &script.url,
                None,
            ))
        }))
    }

    fn finish_load(&self) {
        // No script of the scope has run before this.
        self.main.is_loading.set(false);
    }
}
