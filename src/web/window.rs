//! Window-like clients: a page's script without a document, and the frames in it.

use crate::web::frame::{Frames, op_frame_close, op_frame_focus, op_frame_navigate};

deno_core::extension!(
    sw_window,
    deps = [landfall_platform, sw_navigator, sw_service_worker],
    ops = [op_frame_close, op_frame_focus, op_frame_navigate],
    esm = [
        dir "js/window",
        "client_navigator.js",
        "frame.js",
        "frame_location.js",
        "frame_window.js",
        "post_message.js",
        "window.js",
        "window_view.js",
    ],
    state = |state| {
        state.put(Frames::default());
    },
);
