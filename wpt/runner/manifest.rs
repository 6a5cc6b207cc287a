//! Which tests a file holds: its name and its META lines say.
//! <https://web-platform-tests.org/writing-tests/testharness.html>

use serde::{Deserialize, Serialize};

use crate::html;

/// Where a test runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Scope {
    /// In a service worker that says itself when all its subtests are known.
    DeclaredWorker,
    /// In a service worker, though the file does not name one: `done()` behind it would end it too early.
    Worker,
    /// In a window-like client.
    Window,
}

/// A script that a test loads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Script {
    /// At a path of the site, with its query.
    At(String),
    /// Written into a page.
    Inline(String),
}

/// One test, to be run by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Test {
    /// Its address below the site's root, as wpt.fyi names it.
    pub(crate) id: String,
    /// The file.
    pub(crate) path: String,
    pub(crate) scope: Scope,
    /// What runs after the harness, the test itself included.
    pub(crate) scripts: Vec<Script>,
    /// It may take a minute instead of ten seconds.
    pub(crate) is_long: bool,
    pub(crate) title: Option<String>,
    /// The query or fragment of the page's address; empty for none.
    pub(crate) variant: String,
    /// The preset of sync rules to use; ours if there is none.
    pub(crate) policy: Option<String>,
}

/// Why a file is not run here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum LeftOut {
    /// A helper, a document, an image: no test.
    NoTest,
    NeedsDocument,
    NeedsDedicatedWorker,
    NeedsInsecurePage,
    NeedsHttp2,
    NeedsPerson,
    OutOfScope,
}

impl LeftOut {
    /// In words, after a number of files.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::NoTest => "hold no test",
            Self::NeedsDocument => "need a document, frames or windows",
            Self::NeedsDedicatedWorker => "need a dedicated or shared worker, or XMLHttpRequest",
            Self::NeedsInsecurePage => "need a page over plain http",
            Self::OutOfScope => "are out of scope, as their expectations say",
            Self::NeedsHttp2 => "need an HTTP/2 server",
            Self::NeedsPerson => "need a person who looks and clicks",
        }
    }
}

/// What an `.any.js` file that declares no service worker may use, because it never thought of one.
const NOT_IN_SERVICE_WORKERS: [&str; 4] = [
    "XMLHttpRequest",
    "new Worker(",
    "document.body",
    "Non-secure context",
];

/// What the META lines at the top of a script say.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Meta {
    globals: Option<Vec<String>>,
    scripts: Vec<String>,
    is_long: bool,
    title: Option<String>,
    variants: Vec<String>,
    policies: Vec<String>,
}

impl Meta {
    pub(crate) fn read(source: &str) -> Self {
        let mut meta = Self::default();
        for (key, value) in source.lines().map_while(meta_line) {
            let value = value.to_owned();
            match key {
                "global" if meta.globals.is_none() => {
                    let words = value.split(',').map(|word| word.trim().to_owned());
                    meta.globals = Some(words.filter(|word| !word.is_empty()).collect());
                }
                "script" => meta.scripts.push(value),
                "timeout" => meta.is_long |= value == "long",
                "title" => meta.title = Some(value),
                "variant" => meta.variants.push(value),
                "policy" => meta.policies.push(value),
                _ => {}
            }
        }
        meta
    }

    /// Where an `.any.js` file runs.
    fn scope(&self) -> Result<Scope, LeftOut> {
        let Some(globals) = self.globals.as_ref().filter(|globals| !globals.is_empty()) else {
            return Ok(Scope::Worker);
        };
        let names = |word: &str| globals.iter().any(|global| global == word);
        if names("serviceworker") || names("worker") {
            Ok(Scope::DeclaredWorker)
        } else if names("window") && !names("dedicatedworker") {
            Ok(Scope::Window)
        } else if names("window") {
            Ok(Scope::Worker)
        } else {
            Err(LeftOut::NeedsDedicatedWorker)
        }
    }
}

/// `// META: key=value`
fn meta_line(line: &str) -> Option<(&str, &str)> {
    let rest = line.strip_prefix("//")?.trim_start();
    let (key, value) = rest.strip_prefix("META:")?.trim_start().split_once('=')?;
    let is_word = !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || c == '_');
    is_word.then(|| (key, value.trim_end()))
}

/// The tests of a file, by its path on the site; `read` gives the content of that or another file.
pub(crate) fn tests(path: &str, read: impl Fn(&str) -> String) -> Result<Vec<Test>, LeftOut> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let mut parts: Vec<&str> = name.split('.').collect();
    let extension = parts.pop().unwrap_or_default();
    let flag = |wanted: &str| parts.iter().skip(1).any(|part| *part == wanted);
    if flag("h2") {
        return Err(LeftOut::NeedsHttp2);
    }
    if parts.first().is_some_and(|part| part.ends_with("-manual")) {
        return Err(LeftOut::NeedsPerson);
    }
    let stem = path.strip_suffix(".js").unwrap_or(path);
    match extension {
        "js" if flag("any") => {
            let source = read(path);
            let meta = Meta::read(&source);
            let scope = meta.scope()?;
            if scope == Scope::Worker
                && NOT_IN_SERVICE_WORKERS
                    .iter()
                    .any(|word| source.contains(word))
            {
                return Err(LeftOut::NeedsDedicatedWorker);
            }
            let page = match scope {
                Scope::Window => format!("{stem}.html"),
                _ => format!("{stem}.serviceworker.html"),
            };
            Ok(variants(path, folder, &page, scope, meta))
        }
        "js" if flag("serviceworker") => {
            let source = read(path);
            // One that brings the harness itself is the worker of another test.
            if source.contains("/resources/testharness.js") {
                return Err(LeftOut::NoTest);
            }
            let (page, meta) = (format!("{stem}.html"), Meta::read(&source));
            Ok(variants(path, folder, &page, Scope::DeclaredWorker, meta))
        }
        "js" if flag("window") && flag("https") => {
            let (source, page) = (read(path), format!("{stem}.html"));
            let meta = Meta::read(&source);
            let beside: Vec<_> = meta.scripts.iter().cloned().map(Script::At).collect();
            if html::needs_document(&source, &beside) {
                return Err(LeftOut::NeedsDocument);
            }
            Ok(variants(path, folder, &page, Scope::Window, meta))
        }
        "js" if flag("window") => Err(LeftOut::NeedsInsecurePage),
        "js" if flag("worker") || flag("sharedworker") => Err(LeftOut::NeedsDedicatedWorker),
        "html" | "htm" => page(path, read),
        _ => Err(LeftOut::NoTest),
    }
}

/// The scripts of a page, by its path on the site.
pub(crate) fn scripts_of(path: &str, page: Vec<Script>) -> Vec<Script> {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let at_site = page.into_iter().map(|script| match script {
        Script::At(address) => Script::At(resolve(folder, &address)),
        inline @ Script::Inline(_) => inline,
    });
    at_site.collect()
}

fn page(path: &str, read: impl Fn(&str) -> String) -> Result<Vec<Test>, LeftOut> {
    let page = html::read(&read(path))?;
    let mut variants = page.variants;
    if variants.is_empty() {
        variants.push(String::new());
    }
    let scripts = scripts_of(path, page.scripts);
    let mut own = scripts.iter().filter_map(own_script);
    if own.any(|address| html::needs_document(&read(address), &scripts)) {
        return Err(LeftOut::NeedsDocument);
    }
    let test = |variant: String| Test {
        id: format!("{path}{variant}"),
        path: path.to_owned(),
        scope: Scope::Window,
        scripts: scripts.clone(),
        is_long: page.is_long,
        title: page.title.clone(),
        variant,
        policy: None,
    };
    Ok(variants.into_iter().map(test).collect())
}

fn variants(path: &str, folder: &str, page: &str, scope: Scope, meta: Meta) -> Vec<Test> {
    let or_one = |mut given: Vec<String>| {
        if given.is_empty() {
            given.push(String::new());
        }
        given
    };
    let mut scripts: Vec<Script> = meta
        .scripts
        .iter()
        .map(|address| Script::At(resolve(folder, address)))
        .collect();
    scripts.push(Script::At(path.to_owned()));
    let mut tests = Vec::new();
    for variant in or_one(meta.variants) {
        for policy in or_one(meta.policies.clone()) {
            let suffix = match policy.as_str() {
                "" => String::new(),
                policy if variant.contains('?') => format!("&policy={policy}"),
                policy => format!("?policy={policy}"),
            };
            tests.push(Test {
                id: format!("{page}{variant}{suffix}"),
                path: path.to_owned(),
                scope,
                scripts: scripts.clone(),
                is_long: meta.is_long,
                title: meta.title.clone(),
                variant: variant.clone(),
                policy: (!policy.is_empty()).then_some(policy),
            });
        }
    }
    tests
}

/// A script that was written for this test: what many tests share has parts that not all of them use.
fn own_script(script: &Script) -> Option<&str> {
    match script {
        Script::At(address) if address.contains("/resources/") => None,
        Script::At(address) if address.starts_with("/common/") => None,
        Script::At(address) => address.split('?').next(),
        Script::Inline(_) => None,
    }
}

/// An address as a file in `folder` writes it, from the site's root.
fn resolve(folder: &str, address: &str) -> String {
    let base = format!("https://site{folder}/");
    let resolved = url::Url::parse(&base).and_then(|base| base.join(address));
    match resolved {
        Ok(url) if url.host_str() == Some("site") => url[url::Position::BeforePath..].to_owned(),
        _ => address.to_owned(),
    }
}
