//! `waitUntil()`: when an event still takes a promise, and what it makes of several.
//! Identifiers such as W4 are rows of the table in section 6.3 of the fact sheet, counted from the top.

use landfall::service_worker::EventOutcome;

use crate::support::scenario::Scenario;

/// A worker that tries to extend a `sync` event at some moment and prints what came of it.
fn worker(listener: &str) -> String {
    format!(
        "const extend = (event, promise = Promise.resolve()) => {{
             try {{
                 event.waitUntil(promise);
                 console.log('extended');
             }} catch (error) {{
                 console.log(error.name, error.message);
             }}
         }};
         const inATask = (step) => {{
             const {{ port1, port2 }} = new MessageChannel();
             port1.onmessage = () => {{ step(); port1.close(); }};
             port2.postMessage(null);
         }};
         self.onsync = (event) => {{ {listener} }};"
    )
}

/// What is printed when it is too late.
const TOO_LATE: &str = "InvalidStateError The event handler is already finished and no extend lifetime promises are outstanding.";

#[track_caller]
fn expect(listener: &str, line: &str) {
    Scenario::online()
        .worker(&worker(listener))
        .register_sync("outbox")
        .wait_until_printed(line)
        .expect_printed(&[line])
        .expect_outcome(|outcome| *outcome == EventOutcome::Fulfilled);
}

/// W1
#[test]
fn an_event_is_extended_in_its_listener() {
    expect("extend(event);", "extended");
}

/// W1
#[test]
fn an_event_is_extended_in_a_microtask_right_after_its_listener() {
    expect(
        "Promise.resolve().then(() => queueMicrotask(() => extend(event)));",
        "extended",
    );
}

/// W2
#[test]
fn in_a_later_task_it_is_too_late_if_nothing_is_pending() {
    expect("inATask(() => extend(event));", TOO_LATE);
}

/// W3
#[test]
fn in_a_later_task_a_pending_promise_keeps_the_event_open() {
    expect(
        "const pending = Promise.withResolvers();
         event.waitUntil(pending.promise);
         inATask(() => { extend(event); pending.resolve(); });",
        "extended",
    );
}

/// W4
#[test]
fn the_first_reaction_of_the_last_promise_may_still_extend() {
    expect(
        "const last = Promise.withResolvers();
         event.waitUntil(last.promise);
         last.promise.then(() => extend(event));
         inATask(last.resolve);",
        "extended",
    );
}

/// W5
#[test]
fn one_microtask_after_the_first_reaction_it_is_too_late() {
    expect(
        "const last = Promise.withResolvers();
         event.waitUntil(last.promise);
         last.promise.then(() => queueMicrotask(() => extend(event)));
         inATask(last.resolve);",
        TOO_LATE,
    );
}

/// W6
#[test]
fn in_a_later_task_it_is_too_late_after_everything_settled() {
    expect(
        "event.waitUntil(Promise.resolve());
         inATask(() => inATask(() => extend(event)));",
        TOO_LATE,
    );
}

#[test]
fn a_promise_added_in_a_reaction_is_waited_for() {
    Scenario::online()
        .worker(&worker(
            "const last = Promise.withResolvers();
             event.waitUntil(last.promise);
             last.promise.then(() => extend(event, new Promise((_, reject) => {
                 inATask(() => reject(new Error('in the end')));
             })));
             inATask(last.resolve);",
        ))
        .register_sync("outbox")
        .expect_printed(&["extended"])
        .expect_outcome(|outcome| {
            matches!(outcome, EventOutcome::Rejected(rejection) if rejection.message == "Error: in the end")
        });
}

#[test]
fn one_rejection_fails_the_event_but_all_promises_are_waited_for() {
    Scenario::online()
        .worker(&worker(
            "event.waitUntil(Promise.reject(new Error('the first')));
             event.waitUntil(new Promise((resolve) => inATask(() => {
                 console.log('the second');
                 event.waitUntil(Promise.reject(new Error('the third')));
                 resolve();
             })));",
        ))
        .register_sync("outbox")
        .expect_printed(&["the second"])
        .expect_outcome(|outcome| {
            matches!(outcome, EventOutcome::Rejected(rejection) if rejection.message == "Error: the first")
        })
        .expect_tags(&["outbox"]);
}

#[test]
fn an_event_that_a_script_has_made_impossible_fails_and_holds_nothing_up() {
    Scenario::online()
        .worker(
            "Map.prototype.set = () => { throw new Error('not any more'); };
             addEventListener('sync', (event) => event.waitUntil(new Promise(() => {})));",
        )
        .register_sync("outbox")
        .expect_outcome(|outcome| {
            matches!(outcome, EventOutcome::Rejected(rejection) if rejection.message == "Error: not any more")
        })
        .expect_tags(&["outbox"]);
}

#[test]
fn a_script_that_replaces_then_cannot_hold_an_event_or_let_it_go() {
    Scenario::online()
        .worker(
            "Promise.prototype.then = function () { console.log('replaced'); };
             self.onsync = (event) => event.waitUntil(Promise.resolve());",
        )
        .register_sync("outbox")
        .expect_printed(&[])
        .expect_outcome(|outcome| *outcome == EventOutcome::Fulfilled);
}
