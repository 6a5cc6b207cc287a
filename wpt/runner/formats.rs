//! Results for other programs: JSON, TAP, JUnit XML, and wpt.fyi's own format.

use std::fmt::Write as _;

use anyhow::Result;
use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};
use serde_json::{Value, json};

use crate::progress::surprise_line;
use crate::record::Record;
use crate::results::{Subtest, visible};

/// When a run began and ended, in milliseconds since the epoch.
#[derive(Clone, Copy)]
pub(crate) struct Times {
    pub(crate) start: i64,
    pub(crate) end: i64,
}

/// <https://github.com/web-platform-tests/wpt.fyi/blob/main/api/README.md#results-creation>
pub(crate) fn wptreport(records: &[Record], revision: &str, times: Times) -> Value {
    let results: Vec<Value> = records.iter().map(wptreport_result).collect();
    json!({
        "run_info": {
            "product": "landfall",
            "browser_version": env!("CARGO_PKG_VERSION"),
            "revision": revision,
            "os": std::env::consts::OS,
            "processor": std::env::consts::ARCH,
        },
        "time_start": times.start,
        "time_end": times.end,
        "results": results,
    })
}

fn wptreport_result(record: &Record) -> Value {
    json!({
        "test": record.test.id,
        "status": record.outcome.status,
        "message": record.outcome.message,
        "duration": u64::try_from(record.took.as_millis()).unwrap_or(u64::MAX),
        "subtests": record.outcome.subtests,
    })
}

/// All results, with what was not as expected.
pub(crate) fn json(records: &[Record]) -> Value {
    let tests: Vec<Value> = records
        .iter()
        .map(|record| {
            let mut result = wptreport_result(record);
            let unexpected: Vec<String> = record.surprises.iter().map(surprise_line).collect();
            result["unexpected"] = json!(unexpected);
            result
        })
        .collect();
    json!({ "tests": tests })
}

/// <https://testanything.org/tap-version-13-specification.html>: a line for each file.
pub(crate) fn tap(records: &[Record]) -> String {
    let mut text = format!("TAP version 13\n1..{}\n", records.len());
    for (index, record) in records.iter().enumerate() {
        let ok = if record.surprises.is_empty() {
            "ok"
        } else {
            "not ok"
        };
        // A text is always written to.
        let _ = writeln!(
            text,
            "{ok} {} - {}",
            index + 1,
            record.test.id.replace('#', "\\#")
        );
        for surprise in &record.surprises {
            let _ = writeln!(text, "# {}", surprise_line(surprise));
        }
    }
    text
}

/// A suite for each file, a case for each subtest and one for the file itself.
pub(crate) fn junit(records: &[Record]) -> Result<String> {
    let mut report = quick_junit::Report::new("landfall-wpt");
    for record in records {
        let mut suite = TestSuite::new(record.test.id.as_str());
        suite.set_time(record.took);
        let mut file = TestCase::new(
            "(the file)",
            status_of(
                &record
                    .surprises
                    .iter()
                    .map(surprise_line)
                    .collect::<Vec<_>>(),
            ),
        );
        file.set_time(record.took);
        suite.add_test_case(file);
        for subtest in &record.outcome.subtests {
            suite.add_test_case(TestCase::new(
                visible(&subtest.name),
                subtest_status(record, subtest),
            ));
        }
        report.add_test_suite(suite);
    }
    Ok(report.to_string()?)
}

fn status_of(lines: &[String]) -> TestCaseStatus {
    if lines.is_empty() {
        return TestCaseStatus::success();
    }
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_message(lines.join("\n"));
    status
}

/// A failure that is expected counts as skipped.
fn subtest_status(record: &Record, subtest: &Subtest) -> TestCaseStatus {
    use crate::expectations::Surprise::Failed;
    if subtest.status == crate::results::SubtestStatus::Pass {
        return TestCaseStatus::success();
    }
    let is_unexpected = record.surprises.contains(&Failed(subtest.clone()));
    let mut status = if is_unexpected {
        TestCaseStatus::non_success(NonSuccessKind::Failure)
    } else {
        TestCaseStatus::skipped()
    };
    let message = subtest.message.as_deref();
    status.set_message(visible(message.unwrap_or(subtest.status.name())));
    status
}
