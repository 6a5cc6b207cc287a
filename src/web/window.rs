//! Window-like clients: a page's script without a document. All of it is JavaScript.

deno_core::extension!(
    sw_window,
    deps = [landfall_platform, sw_navigator, sw_service_worker],
    esm = [dir "js/window", "window.js", "post_message.js"],
);
