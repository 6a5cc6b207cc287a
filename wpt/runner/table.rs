//! The score of each folder, for people: on a terminal and in README.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::record::Record;
use crate::results::SubtestStatus;

/// Folders that have a line for each folder inside.
const SPLIT: [&str; 3] = ["service-workers", "html", "dom"];

/// One line of the table.
#[derive(Default)]
struct Line {
    files: usize,
    whole_files: usize,
    subtests: usize,
    passed: usize,
}

/// The scores of a run, by folder.
pub(crate) struct Table(BTreeMap<String, Line>);

impl Table {
    pub(crate) fn new(records: &[Record]) -> Self {
        let mut lines: BTreeMap<String, Line> = BTreeMap::new();
        for record in records {
            let line = lines.entry(folder(&record.test.id)).or_default();
            let outcome = &record.outcome;
            line.files += 1;
            line.whole_files += usize::from(outcome.is_clean());
            let counted = |status| status != SubtestStatus::PreconditionFailed;
            let counted = outcome
                .subtests
                .iter()
                .filter(|subtest| counted(subtest.status));
            line.subtests += counted.count();
            line.passed += outcome.passed();
        }
        Self(lines)
    }

    /// The table in Markdown, which reads well on a terminal too.
    pub(crate) fn markdown(&self) -> String {
        let width = self
            .0
            .keys()
            .map(String::len)
            .max()
            .unwrap_or_default()
            .max(6);
        let mut text = format!(
            "| {:width$} | Files | All pass | Subtests | Pass |     % |\n",
            "Folder"
        );
        text += &format!(
            "|:{}|------:|---------:|---------:|-----:|------:|\n",
            "-".repeat(width + 1)
        );
        for (folder, line) in &self.0 {
            #[expect(clippy::cast_precision_loss, reason = "a percentage with one digit")]
            let share = 100.0 * line.passed as f64 / line.subtests.max(1) as f64;
            text += &format!(
                "| {folder:width$} | {:5} | {:8} | {:8} | {:4} | {share:5.1} |\n",
                line.files, line.whole_files, line.subtests, line.passed,
            );
        }
        text
    }

    /// Puts the table into a Markdown file, between the marks of `name`.
    pub(crate) fn put_into(&self, file: &Path, name: &str, head: &str) -> Result<()> {
        let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
        let (start, end) = (format!("<!-- score {name} -->\n"), "<!-- end of score -->");
        let found = text.split_once(&start);
        let found = found.and_then(|(before, rest)| Some((before, rest.split_once(end)?.1)));
        ensure!(
            found.is_some(),
            "`{}` has no place for the score: write the lines `{}` and `{end}` where it belongs",
            file.display(),
            start.trim()
        );
        let (before, after) = found.unwrap_or_default();
        let table = self.markdown();
        let text = format!("{before}{start}\n{head}\n\n{table}\n{end}{after}");
        std::fs::write(file, text).with_context(|| file.display().to_string())
    }
}

/// The folder a test is counted under.
fn folder(id: &str) -> String {
    let mut parts = id.trim_start_matches('/').split('/');
    let first = parts.next().unwrap_or_default();
    match parts
        .next()
        .filter(|_| SPLIT.contains(&first) && parts.next().is_some())
    {
        Some(second) => format!("{first}/{second}"),
        None => first.to_owned(),
    }
}
