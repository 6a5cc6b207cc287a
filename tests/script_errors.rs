//! Errors of scripts: told with their place in the source, never swallowed, never fatal to the host.

use std::time::Duration;

use landfall::service_worker::EventOutcome;
use landfall::service_worker::ScriptType;
use landfall::service_worker::lifetime::EventLimits;
use landfall::sync::SyncPolicy;
use landfall::{ClientScript, Error, HostEventKind, RegisterOptions, SyncEvent};
use serde_json::json;

use crate::support::scenario::{Scenario, address};

#[test]
fn an_uncaught_error_names_file_line_and_column_and_shows_the_lines() {
    Scenario::online()
        .worker("// first\n// second\nself.onsync = () => { missing(); };\n// fourth\n")
        .register_sync("x")
        .expect_event(|kind| {
            let HostEventKind::ScriptError { error, .. } = kind else {
                return false;
            };
            let at = error.position.as_ref().expect("a position");
            let excerpt = at.excerpt.as_ref().expect("an excerpt");
            assert_eq!(error.message, "ReferenceError: missing is not defined");
            assert_eq!(
                (at.url.as_str(), at.line, at.column),
                ("https://app.example/sw.js", 3, 23)
            );
            assert_eq!(excerpt.first_line, 1);
            assert_eq!(excerpt.text.lines().count(), 4);
            true
        });
}

#[test]
fn an_unhandled_rejection_is_told_and_stops_nothing() {
    Scenario::online()
        .worker("Promise.reject(new Error('nobody cares')); self.onsync = () => console.log('still here');")
        .register_sync("x")
        .expect_event(|kind| {
            matches!(kind, HostEventKind::ScriptError { error, .. }
                if error.is_rejection && error.message == "Error: nobody cares")
        })
        .expect_printed(&["still here"]);
}

#[test]
fn scripts_can_handle_what_nobody_caught() {
    Scenario::online()
        .page(
            "addEventListener('error', (event) => { event.preventDefault(); console.log(event.message, event.lineno); });
             addEventListener('unhandledrejection', (event) => { event.preventDefault(); console.log(event.reason); });
             setTimeout(() => { throw new Error('later'); });
             Promise.reject('rejected');",
        )
        .wait_until_printed("rejected")
        .wait_until_printed("Uncaught Error: later 3");
}

#[test]
fn a_rejection_that_its_event_had_handled_is_not_told_again() {
    Scenario::online()
        .page(
            "addEventListener('unhandledrejection', (event) => {
                 event.preventDefault();
                 if (event.reason === 'at once') event.promise.catch(() => {});
             });
             addEventListener('rejectionhandled', (event) => console.log('handled', event.reason));
             Promise.reject('at once');
             const late = Promise.reject('late');
             setTimeout(() => late.catch(() => {}), 0);",
        )
        .wait_until_printed("handled late")
        .expect_printed(&["handled late"]);
}

#[test]
fn an_error_in_the_source_of_a_timer_has_the_address_of_its_page() {
    Scenario::online()
        .page(
            "onerror = (message, address) => { console.log(message, address); return true; };
             setTimeout('missing', 0);",
        )
        .wait_until_printed("Uncaught ReferenceError: missing is not defined https://app.example/");
}

#[test]
fn an_error_in_an_error_handler_ends_there() {
    Scenario::online()
        .page("addEventListener('error', () => { throw new Error('again'); }); reportError(new Error('first'));")
        .expect_eval("1 + 1", json!(2));
}

#[test]
fn a_page_that_throws_is_refused_with_the_place() {
    let mut scenario = Scenario::online();
    let script = ClientScript::Source("\nthrow new TypeError('at the top');".to_owned());
    let Err(Error::Script(error)) = scenario.open("page.html", script) else {
        panic!("the page opened");
    };
    assert_eq!(error.message, "TypeError: at the top");
    assert_eq!(error.position.map(|at| at.line), Some(2));
}

#[test]
fn an_endless_loop_is_cut_off_and_the_next_event_gets_a_new_worker() {
    let short = EventLimits {
        stop: Duration::from_secs(1),
        ..EventLimits::default()
    };
    let impatient = SyncPolicy {
        event_time_limit: Duration::from_secs(1),
        ..SyncPolicy::landfall()
    };
    Scenario::online()
        .with(move |builder| builder.limits(short))
        .with_policy(impatient)
        .worker("self.onsync = (event) => { console.log('spins'); while (event.tag === 'spin'); };")
        .sync_under_way("spin", "spins")
        .advance_meanwhile(Duration::from_secs(1))
        .wait_until(|kind| matches!(kind, HostEventKind::Sync(SyncEvent::Ended { .. })))
        .expect_outcome(|outcome| *outcome == EventOutcome::TimedOut)
        .advance(Duration::from_secs(1))
        .register_sync("works")
        .expect_outcome(|outcome| *outcome == EventOutcome::Fulfilled);
}

/// A worker that may take 64 MiB has taken more during an event, and is stopped.
fn stopped_for_memory(allocate: &str) -> Scenario {
    Scenario::online()
        .with(|builder| builder.heap_limit(64 << 20))
        .worker(&format!(
            "self.onsync = (event) => {{
                 if (event.tag !== 'eat') return;
                 const all = [];
                 for (;;) all.push({allocate});
             }};"
        ))
        .register_sync("eat")
        .expect_outcome(|outcome| *outcome == EventOutcome::Terminated)
}

#[test]
fn a_script_that_takes_too_much_memory_is_stopped_and_the_host_goes_on() {
    stopped_for_memory("new Array(100000).fill(all.length)")
        .expect_event(|kind| matches!(kind, HostEventKind::ScopeStopped { reason, .. } if reason.contains("64 MiB")))
        .register_sync("works")
        .expect_outcome(|outcome| *outcome == EventOutcome::Fulfilled);
}

#[test]
fn one_huge_allocation_stops_the_script_and_not_the_host() {
    stopped_for_memory("new Array(2e7).fill(1.5)")
        .register_sync("works")
        .expect_outcome(|outcome| *outcome == EventOutcome::Fulfilled);
}

#[test]
fn a_global_function_of_a_script_hides_no_event() {
    Scenario::online()
        .worker(
            "function dispatchEvent() { console.log('never'); }
             self.onsync = (event) => console.log(event.tag, event.isTrusted);",
        )
        .register_sync("x")
        .expect_printed(&["x true"]);
}

#[test]
fn an_error_in_an_imported_module_shows_its_own_lines() {
    let mut scenario = Scenario::online()
        .file("lib.mjs", "// first\nmissing();\n")
        .file("sw.mjs", "import './lib.mjs';");
    let options = RegisterOptions {
        script_type: ScriptType::Module,
        ..RegisterOptions::new(address("sw.mjs"))
    };
    scenario.register_with(options).expect_err("it throws");
    scenario.expect_event(|kind| {
        matches!(kind, HostEventKind::ScriptError { error, .. }
            if error.position.as_ref().is_some_and(|at| at.url.ends_with("lib.mjs") && at.excerpt.is_some()))
    });
}

#[test]
fn a_module_page_hears_the_host_while_its_top_level_waits() {
    let mut scenario = Scenario::online()
        .worker("self.onmessage = (event) => event.source.postMessage('heard');")
        .file(
            "page.mjs",
            "navigator.serviceWorker.startMessages();
             const answer = new Promise((resolve) => { navigator.serviceWorker.onmessage = resolve; });
             (await navigator.serviceWorker.ready).active.postMessage('anyone?');
             console.log((await answer).data);",
        );
    let page = ClientScript::File(scenario.site().join("page.mjs"));
    scenario.open("", page).expect("the page opens");
    scenario.settle();
    scenario
        .expect_printed(&["heard"])
        .expect_no_event(|kind| matches!(kind, HostEventKind::ScriptError { .. }));
}
