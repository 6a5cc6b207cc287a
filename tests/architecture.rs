//! The rules of the house, checked by reading the sources as text.
//!
//! A module may use the bands below its own and nothing else, and each outside crate has its place.
//! Links no V8, so it runs with and without the engine.

use std::fs;
use std::path::{Path, PathBuf};

/// The bands from the ground up; modules of one band do not know each other.
const BANDS: &[&[&str]] = &[
    &["clock", "dom_string", "header_list"],
    &[
        "background_fetch",
        "notification",
        "push",
        "service_worker",
        "sync",
    ],
    &["storage", "connectivity", "network"],
    &["web"],
    &["engine"],
    &["host"],
    &["inspect"],
    &["cli"],
];

/// Outside crates (or families, by prefix) and the files that may name them.
const OUTSIDE: &[(&str, &[&str])] = &[
    ("deno_core", &["web", "engine"]),
    ("deno_web", &["web", "engine"]),
    ("deno_webidl", &["web", "engine"]),
    ("deno_fetch", &["web", "engine"]),
    ("deno_crypto", &["web", "engine"]),
    ("v8", &["web", "engine"]),
    ("rusqlite", &["storage"]),
    ("reqwest", &["network", "connectivity/probe"]),
    (
        "tokio",
        &[
            "clock",
            "storage",
            "connectivity",
            "network",
            "web",
            "engine",
            "host",
            "inspect",
            "cli",
        ],
    ),
    ("clap", &["cli", "main"]),
    ("anyhow", &["cli", "main"]),
];

/// What the pure rules may name besides the crate itself.
const RULES_MAY_USE: &[&str] = &["std", "core", "serde", "serde_json", "thiserror", "url"];

/// What the rules of push may name besides: cryptography is arithmetic.
const PUSH_MAY_USE: &[&str] = &["aes_gcm", "base64", "hkdf", "p256", "sha2"];

const LINES_IN_A_FILE: usize = 600;
const LINES_IN_A_TEST_FILE: usize = 800;

/// One source file, with its path below the folder it was looked for in.
struct Source {
    path: String,
    text: String,
}

impl Source {
    /// `sync/state.rs` belongs to `sync`, `clock.rs` to `clock`.
    fn module(&self) -> &str {
        let first = self
            .path
            .split('/')
            .next()
            .expect("a path has a first part");
        first.strip_suffix(".rs").unwrap_or(first)
    }

    fn band(&self) -> Option<usize> {
        band_of(self.module())
    }

    /// How many `super::` lead from this file's module to the top of the crate.
    fn depth(&self) -> usize {
        let path = self.path.trim_end_matches("/mod.rs");
        path.split('/').count()
    }

    /// Lines of code with their numbers, without whole-line comments.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate();
        lines
            .map(|(index, line)| (index + 1, line))
            .filter(|(_, line)| !line.trim_start().starts_with("//"))
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn band_of(module: &str) -> Option<usize> {
    BANDS.iter().position(|band| band.contains(&module))
}

/// Every file below `folder` whose name ends in one of `endings`, in a stable order.
fn sources(folder: &str, endings: &[&str]) -> Vec<Source> {
    let base = root().join(folder);
    let mut paths = Vec::new();
    collect(&base, &mut paths);
    paths.sort();
    paths
        .into_iter()
        .filter(|path| {
            endings
                .iter()
                .any(|ending| path.to_string_lossy().ends_with(ending))
        })
        .map(|path| Source {
            text: fs::read_to_string(&path).expect("sources are readable text"),
            path: path
                .strip_prefix(&base)
                .expect("collected below the base")
                .to_string_lossy()
                .replace('\\', "/"),
        })
        .collect()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries {
        let path = entry.expect("a readable folder").path();
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        if name.is_some_and(|name| name == "node_modules" || name == "target" || name == ".git") {
            continue;
        }
        if path.is_dir() {
            collect(&path, paths);
        } else {
            paths.push(path);
        }
    }
}

/// The words that follow `prefix` in `line` where `prefix` starts a path of its own.
fn words_after<'a>(line: &'a str, prefix: &'a str) -> impl Iterator<Item = &'a str> {
    line.match_indices(prefix)
        .filter(|(at, _)| !line[..*at].ends_with(is_word))
        .map(|(at, _)| {
            let rest = &line[at + prefix.len()..];
            &rest[..rest.find(|c| !is_word(c)).unwrap_or(rest.len())]
        })
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == ':'
}

/// `tokio::time::sleep` names `tokio`; `crate::tokio::x` and `ext:tokio` do not.
fn names_crate(line: &str, name: &str) -> bool {
    let as_path = format!("{name}::");
    let whole = line.match_indices(&as_path).any(|(at, _)| {
        let before = &line[..at];
        !before.ends_with(is_word) && !before.ends_with('"') && !before.ends_with('/')
    });
    let imported = line.trim_start().strip_prefix("use ");
    whole || imported.is_some_and(|rest| rest.trim_end_matches(';') == name)
}

fn assert_none(rule: &str, findings: &[String]) {
    assert!(findings.is_empty(), "{rule}\n  {}\n", findings.join("\n  "));
}

#[test]
fn a_module_uses_the_bands_below_its_own_and_nothing_else() {
    let mut findings = Vec::new();
    for file in sources("src", &[".rs"]) {
        let Some(own) = file.band() else { continue };
        for (number, line) in file.code() {
            for named in words_after(line, "crate::") {
                let named = named
                    .split(':')
                    .next()
                    .expect("split gives at least one part");
                let allowed =
                    named == file.module() || band_of(named).is_some_and(|band| band < own);
                if !allowed {
                    findings.push(format!("src/{}:{number}: {}", file.path, line.trim()));
                }
            }
        }
    }
    assert_none("imports from a band that is not below:", &findings);
}

#[test]
fn no_module_reaches_its_neighbours_through_super() {
    let mut findings = Vec::new();
    for file in sources("src", &[".rs"]) {
        for (number, line) in file.code() {
            for path in words_after(line, "super::") {
                let module = path.trim_start_matches("super::");
                let module = module
                    .split(':')
                    .next()
                    .expect("split gives at least one part");
                let steps = 1 + path.matches("super::").count();
                let at_the_top = steps >= file.depth();
                if at_the_top && band_of(module).is_some() && module != file.module() {
                    findings.push(format!("src/{}:{number}: {}", file.path, line.trim()));
                }
            }
        }
    }
    assert_none("write `crate::` to name another band:", &findings);
}

#[test]
fn every_folder_of_src_belongs_to_a_band() {
    let strangers: Vec<String> = sources("src", &[".rs"])
        .iter()
        .filter(|file| file.band().is_none() && !matches!(file.module(), "lib" | "main"))
        .map(|file| file.path.clone())
        .collect();
    assert_none("files that belong to no band:", &strangers);
}

#[test]
fn outside_crates_are_named_only_where_they_belong() {
    let mut findings = Vec::new();
    for file in sources("src", &[".rs"]) {
        for (name, places) in OUTSIDE {
            let allowed = places.iter().any(|place| {
                file.path == format!("{place}.rs") || file.path.starts_with(&format!("{place}/"))
            });
            if allowed {
                continue;
            }
            for (number, line) in file.code().filter(|(_, line)| names_crate(line, name)) {
                findings.push(format!(
                    "src/{}:{number}: {name}: {}",
                    file.path,
                    line.trim()
                ));
            }
        }
    }
    assert_none("outside crates out of place:", &findings);
}

#[test]
fn the_rules_import_only_plain_data() {
    let mut findings = Vec::new();
    for file in sources("src", &[".rs"]) {
        if !matches!(
            file.module(),
            "background_fetch" | "notification" | "push" | "service_worker" | "sync"
        ) {
            continue;
        }
        for (number, line) in file.code() {
            let Some(path) = line.trim_start().strip_prefix("use ") else {
                continue;
            };
            let first = path
                .split([':', ';', ' '])
                .next()
                .expect("split gives at least one part");
            let inside = matches!(first, "crate" | "super" | "self");
            let is_cryptography = file.module() == "push" && PUSH_MAY_USE.contains(&first);
            let is_plain = RULES_MAY_USE.contains(&first) || is_cryptography;
            if !inside && !is_plain && !first.starts_with(char::is_uppercase) {
                findings.push(format!("src/{}:{number}: {}", file.path, line.trim()));
            }
        }
    }
    assert_none("the rules take plain data and give it back:", &findings);
}

#[test]
fn imports_of_the_crate_are_written_one_path_a_line() {
    let grouped = concat!("use crate", "::{");
    let mut findings = Vec::new();
    for file in sources("src", &[".rs"]) {
        for (number, line) in file.code().filter(|(_, line)| line.contains(grouped)) {
            findings.push(format!("src/{}:{number}: {}", file.path, line.trim()));
        }
    }
    assert_none("a grouped import hides names from this test:", &findings);
}

#[test]
fn no_file_is_longer_than_one_story() {
    let mut findings = Vec::new();
    let folders = [
        ("src", LINES_IN_A_FILE),
        ("js", LINES_IN_A_FILE),
        ("examples", LINES_IN_A_FILE),
        ("wpt", LINES_IN_A_FILE),
        ("tests", LINES_IN_A_TEST_FILE),
    ];
    for (folder, ceiling) in folders {
        for file in sources(folder, &[".rs", ".js", ".sql"]) {
            let lines = file.text.lines().count();
            if lines > ceiling {
                findings.push(format!(
                    "{folder}/{}: {lines} lines, at most {ceiling}",
                    file.path
                ));
            }
        }
    }
    assert_none("split these by subject:", &findings);
}

#[test]
fn every_folder_of_js_has_its_half_in_src_web() {
    let web = root().join("src/web");
    let missing: Vec<String> = sources("js", &[".js"])
        .iter()
        .filter_map(|file| {
            file.path
                .split_once('/')
                .map(|(folder, _)| folder.to_owned())
        })
        .filter(|folder| !web.join(format!("{folder}.rs")).exists() && !web.join(folder).is_dir())
        .collect();
    assert_none(
        "folders of js/ without a file or folder of that name in src/web/:",
        &missing,
    );
}

#[test]
fn javascript_is_plain_ascii() {
    let mut findings = Vec::new();
    for file in sources("js", &[".js"]) {
        for (number, line) in file
            .text
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.is_ascii())
        {
            findings.push(format!("js/{}:{}: {line}", file.path, number + 1));
        }
    }
    assert_none("deno_core takes only ASCII sources:", &findings);
}

#[test]
fn whether_v8_is_there_is_asked_only_at_the_top() {
    let asked = concat!("feature = ", "\"v8\"");
    let findings: Vec<String> = sources("src", &[".rs"])
        .iter()
        .filter(|file| file.path != "lib.rs" && file.text.contains(asked))
        .map(|file| format!("src/{}", file.path))
        .collect();
    assert_none(
        "the bands make a `cfg` below lib.rs unnecessary:",
        &findings,
    );
}

#[test]
fn no_file_names_a_path_of_somebodys_machine() {
    let paths = [
        concat!("/", "work/"),
        concat!("/", "root/"),
        concat!("/", "home/"),
        concat!("C:\\", "Users"),
    ];
    let endings = [
        ".rs", ".js", ".md", ".toml", ".json", ".yml", ".sql", ".html", "Makefile", "run", "-v8",
        "LICENSE",
    ];
    let mut findings = Vec::new();
    for file in sources("", &endings) {
        for (number, line) in file.text.lines().enumerate() {
            if paths.iter().any(|path| line.contains(path)) {
                findings.push(format!("{}:{}: {}", file.path, number + 1, line.trim()));
            }
        }
    }
    assert_none("paths of one machine:", &findings);
}

#[test]
fn the_lock_of_the_real_scripts_names_no_registry() {
    let lock =
        fs::read_to_string(root().join("tests/npm/package-lock.json")).expect("the lock is there");
    assert!(
        !lock.contains("\"resolved\""),
        "make it with `omit-lockfile-registry-resolved`"
    );
}

/// How many rows the fact sheet's checklist has, by letter.
const ROWS: &[(&str, usize)] = &[
    ("R", 20),
    ("F", 13),
    ("T", 9),
    ("S", 9),
    ("D", 10),
    ("X", 6),
    ("N", 13),
    ("V", 6),
    ("P", 18),
    ("W", 7),
];

#[test]
fn every_row_of_the_conformance_table_has_a_test_that_says_so_or_a_reason() {
    let table =
        fs::read_to_string(root().join("tests/CONFORMANCE.md")).expect("the table is there");
    let mut code: Vec<String> = Vec::new();
    for folder in ["src", "tests"] {
        code.extend(sources(folder, &[".rs"]).into_iter().map(|file| file.text));
    }
    let mut rows = Vec::new();
    let mut findings = Vec::new();
    for line in table.lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, row, _, answer, _] = cells[..] else {
            continue;
        };
        if matches!(row, "Row" | "---") {
            continue;
        }
        rows.push(row.to_owned());
        if let Some(reason) = answer.strip_prefix("- ") {
            if reason.is_empty() {
                findings.push(format!("{row}: neither a test nor a reason"));
            }
            continue;
        }
        for test in answer.split(", ") {
            let declared = format!("fn {}()", test.trim_matches('`'));
            let is_word = |word: &str| word == row;
            match code.iter().find_map(|text| text.split_once(&declared)) {
                None => findings.push(format!("{row}: no test is called {test}")),
                Some((before, _)) => {
                    let heading = before.rsplit("\n\n").next().unwrap_or_default();
                    if !heading.split(|c: char| !c.is_alphanumeric()).any(is_word) {
                        findings.push(format!("{row}: {test} does not say so above itself"));
                    }
                }
            }
        }
    }
    for (letter, count) in ROWS {
        for number in 1..=*count {
            let row = format!("{letter}{number}");
            if rows.iter().filter(|known| **known == row).count() != 1 {
                findings.push(format!("{row}: not there exactly once"));
            }
        }
    }
    assert_none("rows of tests/CONFORMANCE.md:", &findings);
}
