//! The scripts of an HTML test. Only pages that are nothing but scripts can run: there is no document here.

use html5gum::{DefaultEmitter, StartTag, Token, Tokenizer};

use crate::manifest::{LeftOut, Script};

/// Elements that a page may have without anybody missing them when they are not there.
const INVISIBLE: [&str; 8] = [
    "html", "head", "body", "meta", "title", "link", "script", "div",
];

/// What a script says that needs more than a window-like global.
const NEEDS_DOCUMENT: [&str; 16] = [
    "getElementById",
    "contentDocument.createElement",
    "window.open",
    "window.frames",
    "opener",
    "XMLHttpRequest",
    "new Worker(",
    "new SharedWorker(",
    "SharedWorker",
    "AnimationFrame",
    "MutationObserver",
    "scrollBy",
    "HTMLDocument",
    "MouseEvent",
    "Element.prototype",
    "NodeFilter",
];

/// What a script says that needs frames.
const NEEDS_FRAMES: [&str; 3] = ["iframe", "createElement", "contentWindow"];

/// The script whose helpers open frames as nothing but clients of service workers: light_document.js has these.
const LIGHT_FRAMES: &str = "resources/test-helpers.sub.js";

/// The little of a document that there is.
const DOCUMENT_WORDS: [&str; 3] = ["title", "location", "URL"];

/// What there is of it for frames.
const FRAME_WORDS: [&str; 5] = [
    "body.appendChild(",
    "body.removeChild(",
    "body.textContent",
    "createElement('iframe')",
    "createElement(\"iframe\")",
];

/// Whether a script cannot run without a document, beside the other scripts of its page.
pub(crate) fn needs_document(script: &str, beside: &[Script]) -> bool {
    let has_frames = beside.iter().any(|script| match script {
        Script::At(address) => address.ends_with(LIGHT_FRAMES),
        Script::Inline(_) => false,
    });
    let is_there = |rest: &str| {
        let starts = |words: &[&str]| words.iter().any(|word| rest.starts_with(word));
        starts(&DOCUMENT_WORDS) || has_frames && starts(&FRAME_WORDS)
    };
    let says = |words: &[&str]| words.iter().any(|word| script.contains(word));
    script
        .split("document.")
        .skip(1)
        .any(|rest| !is_there(rest))
        || says(&NEEDS_DOCUMENT)
        || !has_frames && says(&NEEDS_FRAMES)
}

/// A page as far as a test needs it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) scripts: Vec<Script>,
    pub(crate) title: Option<String>,
    pub(crate) is_long: bool,
    pub(crate) variants: Vec<String>,
}

/// Reads a page, or says why it does not run here.
pub(crate) fn read(source: &str) -> Result<Page, LeftOut> {
    if !source.contains("/resources/testharness.js") {
        return Err(LeftOut::NoTest);
    }
    let mut emitter = DefaultEmitter::default();
    emitter.naively_switch_states(true);
    let mut page = Page::default();
    let mut inside = String::new();
    for token in Tokenizer::new_with_emitter(source, emitter) {
        let Ok(token) = token;
        match token {
            Token::StartTag(tag) => {
                inside = String::from_utf8_lossy(&tag.name).into_owned();
                page.take_tag(&inside, &tag)?;
            }
            Token::EndTag(_) => inside.clear(),
            Token::String(text) => {
                page.take_text(&inside, &String::from_utf8_lossy(&text))?;
            }
            _ => {}
        }
    }
    Ok(page)
}

impl Page {
    fn take_tag(&mut self, name: &str, tag: &StartTag<()>) -> Result<(), LeftOut> {
        let attribute = |wanted: &str| {
            let value = tag.attributes.get(wanted.as_bytes());
            value.map(|value| String::from_utf8_lossy(value).into_owned())
        };
        let is_log = name != "div" || attribute("id").as_deref() == Some("log");
        let has_handler = tag.attributes.keys().any(|name| name.starts_with(b"on"));
        if !INVISIBLE.contains(&name) || !is_log || has_handler {
            return Err(LeftOut::NeedsDocument);
        }
        match (name, attribute("name").as_deref()) {
            ("meta", Some("timeout")) => {
                self.is_long |= attribute("content").as_deref() == Some("long");
            }
            ("meta", Some("variant")) => self.variants.extend(attribute("content")),
            ("script", _) => {
                if attribute("type").is_some_and(|kind| kind == "module") {
                    return Err(LeftOut::NeedsDocument);
                }
                let address = attribute("src").filter(|address| !is_harness(address));
                self.scripts.extend(address.map(Script::At));
            }
            _ => {}
        }
        Ok(())
    }

    fn take_text(&mut self, inside: &str, text: &str) -> Result<(), LeftOut> {
        match inside {
            "title" => self.title = Some(text.trim().to_owned()),
            "script" if text.trim().is_empty() => {}
            "script" if needs_document(text, &self.scripts) => {
                return Err(LeftOut::NeedsDocument);
            }
            "script" => self.scripts.push(Script::Inline(text.to_owned())),
            _ => {}
        }
        Ok(())
    }
}

/// The runner brings these by itself.
fn is_harness(address: &str) -> bool {
    address.ends_with("/resources/testharness.js")
        || address.ends_with("/resources/testharnessreport.js")
}
