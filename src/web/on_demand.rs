//! Scripts of the platform that are loaded when something of theirs is first needed, and properties of the global that
//! get their value when they are first read: as browsers give theirs most interfaces.

use std::borrow::Cow;

use deno_core::{Extension, OpState, op2, v8};
use deno_error::JsErrorBox;
use v8::MapFnTo;

/// A script that is loaded on demand, as the body of a function of `__bootstrap` and `registry`.
pub struct OnDemandScript {
    /// Its name.
    pub specifier: &'static str,
    /// Its text, in ASCII.
    pub source: &'static str,
    /// What V8 has compiled it to.
    pub code: &'static [u8],
}

/// Every script that is loaded on demand. Kept in the scope's op state.
pub struct OnDemandScripts(pub &'static [OnDemandScript]);

/// Gives the function that loads a script: see js/platform/on_demand.js.
#[op2]
pub fn op_scope_compile_on_demand<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    state: &OpState,
    #[string] specifier: &str,
) -> Result<v8::Local<'s, v8::Function>, JsErrorBox> {
    let OnDemandScripts(scripts) = state.borrow();
    let script = scripts.iter().find(|it| it.specifier == specifier);
    let script = script.ok_or_else(|| JsErrorBox::generic(format!("there is no {specifier}")))?;
    v8::String::new_external_onebyte_static(scope, script.source.as_bytes())
        .and_then(|source| compile_on_demand(scope, specifier, source, Some(script.code)))
        .ok_or_else(|| JsErrorBox::generic(format!("{specifier} could not be compiled")))
}

/// Compiles the body of a function of `__bootstrap` and `registry`, or takes what it was compiled to before.
pub fn compile_on_demand<'s>(
    scope: &v8::PinScope<'s, '_>,
    specifier: &str,
    source: v8::Local<'s, v8::String>,
    code: Option<&'static [u8]>,
) -> Option<v8::Local<'s, v8::Function>> {
    // Its lines are not those of the file.
    let name = v8::String::new(scope, &specifier.replacen("ext:", "ext:on_demand/", 1))?;
    let origin = v8::ScriptOrigin::new(
        scope,
        name.into(),
        0,
        0,
        false,
        -1,
        None,
        false,
        false,
        false,
        None,
    );
    let parameters = [
        v8::String::new(scope, "__bootstrap")?,
        v8::String::new(scope, "registry")?,
    ];
    let (mut source, options) = match code {
        Some(code) => (
            v8::script_compiler::Source::new_with_cached_data(
                source,
                Some(&origin),
                v8::CachedData::new(code),
            ),
            v8::script_compiler::CompileOptions::ConsumeCodeCache,
        ),
        None => (
            v8::script_compiler::Source::new(source, Some(&origin)),
            v8::script_compiler::CompileOptions::NoCompileOptions,
        ),
    };
    v8::script_compiler::compile_function(
        scope,
        &mut source,
        &parameters,
        &[],
        options,
        v8::script_compiler::NoCacheReason::NoReason,
    )
}

/// Defines configurable, writable properties of the global, not enumerable, whose values come when they are first asked
/// for: `load` is then called with the name.
///
/// V8 wants that nothing of the context is kept in such a property, so `load` lies beside them, where no script sees it.
#[op2(fast)]
pub fn op_scope_define_on_demand<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    names: v8::Local<'s, v8::Array>,
    load: v8::Local<'s, v8::Function>,
) {
    let global = scope.get_current_context().global(scope);
    let key = loader_key(scope);
    global.set_private(scope, key, load.into());
    for index in 0..names.length() {
        let name = names.get_index(scope, index);
        if let Some(name) = name.and_then(|it| v8::Local::<v8::Name>::try_from(it).ok()) {
            global.set_lazy_data_property_with_data(
                scope,
                name,
                load_value,
                v8::undefined(scope).into(),
                v8::PropertyAttribute::DONT_ENUM,
                v8::SideEffectType::HasSideEffect,
                v8::SideEffectType::HasSideEffect,
            );
        }
    }
}

fn loader_key<'s>(scope: &mut v8::PinScope<'s, '_>) -> v8::Local<'s, v8::Private> {
    let name = v8::String::new(scope, "landfall.onDemand");
    v8::Private::for_api(scope, name)
}

/// What V8 calls for a value. If `load` throws none is given, and the property stays as it is.
fn load_value(
    scope: &mut v8::PinScope<'_, '_>,
    name: v8::Local<'_, v8::Name>,
    _: v8::PropertyCallbackArguments<'_>,
    mut value: v8::ReturnValue<'_, v8::Value>,
) {
    let global = scope.get_current_context().global(scope);
    let key = loader_key(scope);
    let load = global
        .get_private(scope, key)
        .and_then(|it| v8::Local::<v8::Function>::try_from(it).ok());
    let receiver = v8::undefined(scope).into();
    if let Some(loaded) = load.and_then(|load| load.call(scope, receiver, &[name.into()])) {
        value.set(loaded);
    }
}

/// Tells the snapshot of the function behind such properties.
pub fn refer_to_load_value(extension: &mut Extension) {
    let getter: v8::AccessorNameGetterCallback = load_value.map_fn_to();
    extension.external_references = Cow::Owned(vec![v8::ExternalReference {
        pointer: getter as *mut std::ffi::c_void,
    }]);
}
