//! Deno's half of the web platform: the scripts that hand it on, and the one function it misses.

use std::rc::Rc;

use crate::web::buffers::ScriptBuffers;

deno_core::extension!(
    deno_net,
    lazy_loaded_js = [dir "js/platform", "02_tls.js"],
);

deno_core::extension!(
    landfall_platform,
    deps = [deno_webidl, deno_web, deno_fetch, deno_crypto, sw_activity, sw_time],
    esm = [dir "js/platform", "platform.js", "construct.js", "environment.js", "message_event.js"],
    state = |state| {
        state.put(Rc::new(ScriptBuffers::default()));
    },
);
