//! The way into a scope: the functions that `boot` in js/global_scope/bootstrap.js hands out.

use deno_core::error::CoreError;
use deno_core::{JsRuntime, scope, serde_v8, v8};
use deno_error::JsErrorBox;
use serde::Serialize;

use crate::engine::limits::StopHandle;
use crate::service_worker::EventKind;
use crate::web::event::Detail;
use crate::web::fetch_event::FetchDetail;
use crate::web::service_worker::reject_event;

/// The name under which the snapshot keeps `boot`.
const BOOT: &str = "__landfall_boot";

/// The scope's functions for the host.
pub(super) struct Entry {
    dispatch_event: v8::Global<v8::Function>,
    dispatch_fetch_event: v8::Global<v8::Function>,
    end_dispatch: v8::Global<v8::Function>,
    time_out_event: v8::Global<v8::Function>,
    fire_timer: v8::Global<v8::Function>,
    abort_fetch: v8::Global<v8::Function>,
    handled_events: v8::Global<v8::Function>,
    evaluate: v8::Global<v8::Function>,
    evaluate_module: v8::Global<v8::Function>,
    show_in_frame: v8::Global<v8::Function>,
    notify: v8::Global<v8::Function>,
}

impl Entry {
    /// Makes the global what `start` says.
    pub(super) fn boot(js: &mut JsRuntime, start: &impl Serialize) -> Result<Self, CoreError> {
        scope!(scope, js);
        let context = scope.get_current_context();
        let global = context.global(scope);
        let boot = get_function(scope, global, BOOT)?;
        let start = serde_v8::to_v8(scope, start).map_err(JsErrorBox::from_err)?;
        let boot = v8::Local::new(scope, boot);
        v8::tc_scope!(let scope, scope);
        let Some(entry) = boot.call(scope, global.into(), &[start]) else {
            let reason = scope
                .exception()
                .map(|exception| exception.to_rust_string_lossy(scope))
                .unwrap_or_default();
            return Err(JsErrorBox::generic(format!("the scope did not start: {reason}")).into());
        };
        let entry = v8::Local::<v8::Object>::try_from(entry)
            .map_err(|_| JsErrorBox::generic("boot gives an object"))?;
        Ok(Self {
            dispatch_event: get_function(scope, entry, "dispatchEvent")?,
            dispatch_fetch_event: get_function(scope, entry, "dispatchFetchEvent")?,
            end_dispatch: get_function(scope, entry, "endDispatch")?,
            time_out_event: get_function(scope, entry, "timeOutEvent")?,
            fire_timer: get_function(scope, entry, "fireTimer")?,
            abort_fetch: get_function(scope, entry, "abortFetch")?,
            handled_events: get_function(scope, entry, "handledEvents")?,
            evaluate: get_function(scope, entry, "evaluate")?,
            evaluate_module: get_function(scope, entry, "evaluateModule")?,
            show_in_frame: get_function(scope, entry, "showInFrame")?,
            notify: get_function(scope, entry, "notify")?,
        })
    }

    /// Fires an event and runs the microtasks that belong to the dispatch. Then that is over, and the event too as soon
    /// as nothing extends it, unless the scope is being terminated. An event that could not be made has failed.
    pub(super) fn dispatch(
        &self,
        js: &mut JsRuntime,
        id: u32,
        kind: EventKind,
        detail: &Detail,
        stop: &StopHandle,
    ) {
        scope!(scope, js);
        let lifetime = match detail {
            Detail::Fetch(detail) => self.dispatch_fetch(scope, id, detail),
            Detail::Other(detail) => arguments_of(scope, &(id, kind.name(), detail))
                .and_then(|arguments| run(scope, &self.dispatch_event, &arguments)),
        };
        // A handler that was cut off has not come to an end: the event is dropped with the scope.
        if stop.reason().is_some() {
            return;
        }
        let ended = lifetime.and_then(|lifetime| {
            let id = v8::Integer::new_from_unsigned(scope, id);
            run(scope, &self.end_dispatch, &[id.into(), lifetime])
        });
        if let Err(message) = ended {
            let state = JsRuntime::op_state_from(scope);
            reject_event(&mut state.borrow_mut(), id, message);
        }
    }

    fn dispatch_fetch<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        id: u32,
        detail: &FetchDetail,
    ) -> Result<v8::Local<'s, v8::Value>, String> {
        let body = match &detail.request.body {
            None => Ok(v8::null(scope).into()),
            Some(body) => serde_v8::to_v8(scope, body),
        };
        let head =
            v8::String::new_from_one_byte(scope, &detail.request.head, v8::NewStringType::Normal);
        let texts = [
            &detail.request.integrity,
            &detail.client_id,
            &detail.resulting_client_id,
        ];
        let [integrity, client, resulting_client] = texts.map(|text| v8::String::new(scope, text));
        let (Some(head), Some(integrity), Some(client), Some(resulting_client), Ok(body)) =
            (head, integrity, client, resulting_client, body)
        else {
            let message = "a request is too large to cross into the scope";
            tracing::error!(message);
            return Err(message.to_owned());
        };
        let id = v8::Integer::new_from_unsigned(scope, id);
        let arguments = [
            id.into(),
            head.into(),
            integrity.into(),
            body,
            client.into(),
            resulting_client.into(),
            v8::Boolean::new(scope, detail.has_preload).into(),
        ];
        run(scope, &self.dispatch_fetch_event, &arguments)
    }

    pub(super) fn time_out(&self, js: &mut JsRuntime, id: u32) {
        call::<()>(js, &self.time_out_event, &(id,));
    }

    /// Calls what a timer is for, and runs the microtasks of its task.
    pub(super) fn fire_timer(&self, js: &mut JsRuntime, id: u32) {
        call::<()>(js, &self.fire_timer, &(id,));
    }

    pub(super) fn abort_fetch(&self, js: &mut JsRuntime, id: u32) {
        call::<()>(js, &self.abort_fetch, &(id,));
    }

    pub(super) fn handled_events(&self, js: &mut JsRuntime) -> Vec<String> {
        call(js, &self.handled_events, &()).unwrap_or_default()
    }

    pub(super) fn evaluate(&self, js: &mut JsRuntime, id: u32, source: &str, frame: u64) {
        call::<()>(js, &self.evaluate, &(id, source, frame));
    }

    pub(super) fn evaluate_module(&self, js: &mut JsRuntime, id: u32, url: &str) {
        call::<()>(js, &self.evaluate_module, &(id, url));
    }

    pub(super) fn show_in_frame(&self, js: &mut JsRuntime, id: u32, url: &str, frame: u64) {
        call::<()>(js, &self.show_in_frame, &(id, url, frame));
    }

    pub(super) fn notify(
        &self,
        js: &mut JsRuntime,
        name: &str,
        detail: &impl Serialize,
        frame: u64,
    ) {
        call::<()>(js, &self.notify, &(name, detail, frame));
    }
}

fn get_function<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    object: v8::Local<'s, v8::Object>,
    name: &str,
) -> Result<v8::Global<v8::Function>, JsErrorBox> {
    let missing = || JsErrorBox::generic(format!("the snapshot has no function `{name}`"));
    let key = v8::String::new(scope, name).ok_or_else(missing)?;
    let value = object.get(scope, key.into()).ok_or_else(missing)?;
    let function = v8::Local::<v8::Function>::try_from(value).map_err(|_| missing())?;
    Ok(v8::Global::new(scope, function))
}

/// Calls one of our own functions with the fields of `arguments`, then runs the microtasks.
fn call<T: for<'de> serde::Deserialize<'de>>(
    js: &mut JsRuntime,
    function: &v8::Global<v8::Function>,
    arguments: &impl Serialize,
) -> Option<T> {
    scope!(scope, js);
    let arguments = arguments_of(scope, arguments).ok()?;
    let result = run(scope, function, &arguments).ok()?;
    serde_v8::from_v8(scope, result).ok()
}

/// The fields of `arguments`, brought into the scope.
fn arguments_of<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    arguments: &impl Serialize,
) -> Result<Vec<v8::Local<'s, v8::Value>>, String> {
    match serde_v8::to_v8(scope, arguments) {
        Ok(arguments) => Ok(spread(scope, arguments)),
        Err(error) => {
            tracing::error!(%error, "a value does not cross into the scope");
            Err(error.to_string())
        }
    }
}

/// Calls one of our own functions, then runs the microtasks. Fails with what was thrown.
///
/// These functions throw when the scope is being terminated, or where a script has broken what they are made of.
fn run<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    function: &v8::Global<v8::Function>,
    arguments: &[v8::Local<'s, v8::Value>],
) -> Result<v8::Local<'s, v8::Value>, String> {
    v8::tc_scope!(let scope, scope);
    let function = v8::Local::new(scope, function);
    let receiver = v8::undefined(scope).into();
    let result = function.call(scope, receiver, arguments).ok_or_else(|| {
        let thrown = scope.exception();
        let message = thrown.map_or_else(String::new, |it| it.to_rust_string_lossy(scope));
        tracing::debug!(message, "a call into the scope was cut short");
        message
    });
    scope.perform_microtask_checkpoint();
    result
}

/// The elements of an array; of anything else, nothing.
fn spread<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    value: v8::Local<'s, v8::Value>,
) -> Vec<v8::Local<'s, v8::Value>> {
    let Ok(array) = v8::Local::<v8::Array>::try_from(value) else {
        return Vec::new();
    };
    (0..array.length())
        .filter_map(|index| array.get_index(scope, index))
        .collect()
}
