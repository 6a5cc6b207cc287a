//! Deno's half of the web platform: the scripts that hand it on, and the one function it misses.

use std::rc::Rc;

use crate::web::buffers::ScriptBuffers;
use crate::web::on_demand::{
    op_scope_compile_on_demand, op_scope_define_on_demand, refer_to_load_value,
};

/// V8's flags: the same where the platform's scripts are compiled and where they run.
///
/// By its own choice V8 has some thirty functions compiled to machine code in each start that it calls a few times only.
pub const V8_FLAGS: &str = "--baseline-batch-compilation-threshold=65536";

deno_core::extension!(
    deno_net,
    lazy_loaded_js = [dir "js/platform", "02_tls.js"],
);

deno_core::extension!(
    landfall_platform,
    deps = [deno_webidl, deno_web, deno_fetch, deno_crypto, sw_activity, sw_time],
    ops = [op_scope_compile_on_demand, op_scope_define_on_demand],
    esm = [
        dir "js/platform",
        "platform.js",
        "construct.js",
        "environment.js",
        "message_event.js",
        "on_demand.js",
        "serializable.js",
    ],
    state = |state| {
        state.put(Rc::new(ScriptBuffers::default()));
    },
    customizer = refer_to_load_value,
);
