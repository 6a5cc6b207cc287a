//! An error of a script, with the place in its source: what people read when a worker fails.

use deno_core::error::JsError;
use serde::Serialize;
use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use crate::service_worker::Rejection;

/// How many lines of source are shown before the faulty one.
const LINES_BEFORE: u32 = 2;
/// How many lines of source are shown after the faulty one.
const LINES_AFTER: u32 = 1;

/// What the addresses of the scripts that make the platform begin with.
const OWN_SCRIPTS: &str = "ext:";

/// How much of each line is shown, in UTF-16 code units as V8 counts columns. Minified code has one long line.
const WINDOW: usize = 120;

/// Something a script threw, or a promise it rejected, that nobody handled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScriptError {
    /// Class and message, `"TypeError: x is not a function"`.
    pub message: String,
    /// The stack, if an error object was thrown, without the frames that are landfall's own.
    pub stack: Option<String>,
    /// Where it came from, if that is in a script.
    pub position: Option<SourcePosition>,
    /// A promise was rejected, rather than an exception thrown.
    pub is_rejection: bool,
}

/// A place in a script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SourcePosition {
    /// The script.
    pub url: String,
    /// Counted from 1.
    pub line: u32,
    /// Counted from 1.
    pub column: u32,
    /// The lines around it, if the script's text is known.
    pub excerpt: Option<SourceExcerpt>,
}

/// A few lines of a script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SourceExcerpt {
    /// The number of the first line, counted from 1.
    pub first_line: u32,
    /// The lines, joined by line feeds.
    pub text: String,
    /// The column with which each line begins here: more than 1 if they were too long to be shown whole.
    pub first_column: u32,
}

impl fmt::Display for ScriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.message)?;
        match &self.position {
            Some(at) => write!(f, " ({}:{}:{})", at.url, at.line, at.column),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ScriptError {}

impl From<ScriptError> for Rejection {
    fn from(error: ScriptError) -> Self {
        Self {
            message: error.message,
            stack: error.stack,
        }
    }
}

/// The text of every script that a scope has run, by URL. Clones share it.
#[derive(Clone, Default)]
pub struct ScriptSources(Rc<RefCell<HashMap<String, Arc<str>>>>);

impl ScriptSources {
    /// Remembers a script that is about to run.
    pub fn insert(&self, url: &str, text: Arc<str>) {
        self.0.borrow_mut().insert(url.to_owned(), text);
    }

    /// Describes what V8 says was thrown.
    pub fn describe(&self, error: &JsError, is_rejection: bool) -> ScriptError {
        let position = error.frames.iter().find_map(|frame| {
            let url = frame.file_name.clone()?;
            if url.starts_with(OWN_SCRIPTS) {
                return None;
            }
            let line = u32::try_from(frame.line_number?).ok()?;
            let column = u32::try_from(frame.column_number?).ok()?;
            let sources = self.0.borrow();
            Some(SourcePosition {
                excerpt: sources.get(&url).map(|text| excerpt(text, line, column)),
                url,
                line,
                column,
            })
        });
        ScriptError {
            message: error
                .exception_message
                .trim_start_matches("Uncaught ")
                .trim_start_matches("(in promise) ")
                .to_owned(),
            stack: error.stack.as_deref().map(without_own_frames),
            position,
            is_rejection,
        }
    }
}

/// The frames of a stack that are in scripts of the web.
fn without_own_frames(stack: &str) -> String {
    let is_own = |line: &str| {
        let place = line.rsplit(['(', ' ']).next().unwrap_or_default();
        line.trim_start().starts_with("at ") && place.starts_with(OWN_SCRIPTS)
    };
    let lines: Vec<&str> = stack.lines().filter(|line| !is_own(line)).collect();
    lines.join("\n")
}

fn excerpt(text: &str, line: u32, column: u32) -> SourceExcerpt {
    let first_line = line.saturating_sub(LINES_BEFORE).max(1);
    let wanted = (line + LINES_AFTER).saturating_sub(first_line) + 1;
    let lines: Vec<&str> = text
        .lines()
        .skip(first_line as usize - 1)
        .take(wanted as usize)
        .collect();
    let faulty = lines.get((line - first_line) as usize).unwrap_or(&"");
    let skipped = if units(faulty) <= WINDOW {
        0
    } else {
        (column as usize).saturating_sub(WINDOW / 2)
    };
    let lines: Vec<&str> = lines.iter().map(|line| window(line, skipped)).collect();
    SourceExcerpt {
        first_line,
        text: lines.join("\n"),
        first_column: u32::try_from(skipped + 1).unwrap_or(u32::MAX),
    }
}

fn units(line: &str) -> usize {
    line.chars().map(char::len_utf16).sum()
}

/// The part of a line that begins after so many UTF-16 code units.
fn window(line: &str, skipped: usize) -> &str {
    let byte_after = |wanted: usize| {
        let mut seen = 0;
        let mut chars = line.char_indices();
        let found = chars.find(|(_, c)| {
            let is_there = seen >= wanted;
            seen += c.len_utf16();
            is_there
        });
        found.map_or(line.len(), |(byte, _)| byte)
    };
    &line[byte_after(skipped)..byte_after(skipped + WINDOW)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stack_has_no_frames_of_the_platform() {
        let stack = "Error: the server answered 405
    at send (https://localhost/sw.js:38:11)
    at Object.runMicrotasks (ext:core/01_core.js:1133:26)
    at ext:sw_indexed_db/tasks.js:41:8
    at async Transfer.start (ext:sw_fetch/fetch.js:85:20)
    at async https://localhost/sw.js:9:5";
        let expected = "Error: the server answered 405
    at send (https://localhost/sw.js:38:11)
    at async https://localhost/sw.js:9:5";
        assert_eq!(without_own_frames(stack), expected);
    }
}
