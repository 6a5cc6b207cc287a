//! What was promised, what the server got, and whether the disk agrees.
//!
//! The page and the worker print a line only after the promise in question has resolved, so everything heard binds. What a
//! killed process had no time to say binds nobody. From one kill to the next these hold:
//!
//! - A message whose transaction was complete is in the outbox, or the server got it.
//! - A message whose delete was complete is not in the outbox.
//! - A known message that was not on disk at some kill is settled: it never comes back and is never sent again.
//! - One worker sends a message at most once, and has one event for a tag that is registered once. So a message is sent
//!   twice only if the first worker died between the sending and the commit of its delete.
//! - While a message that was queued before a resolved `register("outbox")` is on disk, so is the tag.
//! - A tag whose `register()` was resolved is in the queue, or its event reached the server; a tag that has left the
//!   queue fires no more. One whose event was said to have succeeded has left it.
//! - A periodic tag whose `register()` was resolved is in the queue; one whose `unregister()` was is not.
//! - Notes and cached pages whose promise was resolved are on disk; both notes of one transaction or none.
//! - A worker that was installed is on disk with its scripts.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::crash::process::printed;
use crate::crash::snapshot::Snapshot;
use crate::support::server::RecordedRequest;

type Names = BTreeSet<String>;

/// The account of one data folder over all the processes that used it.
#[derive(Debug, Default)]
pub struct Books {
    queued: Names,
    /// Those of them that a later `register("outbox")` covers.
    covered: Names,
    deleted: Names,
    tags: Names,
    /// Those of them whose event was said to have succeeded.
    ended: Names,
    repeating: Names,
    stopped: Names,
    noted: Names,
    cached: Names,
    uncached: Names,
    has_worker: bool,
    /// The last process registers every tag again, so that one that fires just then fires twice.
    tags_are_registered_twice: bool,
    /// Messages and tags that are done for good, with the number of times the server had heard of them.
    settled: BTreeMap<String, usize>,
    faults: Vec<String>,
}

/// What the server got: how often which worker spoke of a message or tag.
#[derive(Debug, Default)]
pub struct Received(BTreeMap<String, Vec<String>>);

impl Received {
    /// Sorts what the server remembers.
    pub fn from(requests: &[RecordedRequest]) -> Self {
        let mut received = Self::default();
        let posts = requests
            .iter()
            .filter(|request| request.method == "POST" && request.is_complete);
        for request in posts {
            let text = request.text();
            let (name, worker) = text.split_once(' ').expect("the worker sends two words");
            let workers = received.0.entry(name.to_owned()).or_default();
            workers.push(worker.to_owned());
        }
        received
    }

    fn times(&self, name: &str) -> usize {
        self.0.get(name).map_or(0, Vec::len)
    }

    /// How many messages and tags came more than once.
    pub fn repeated(&self) -> usize {
        self.0.values().filter(|workers| workers.len() > 1).count()
    }
}

impl Books {
    /// Enters what a process said before it was killed.
    pub fn hear(&mut self, events: &[Value]) {
        for event in events {
            match event["event"].as_str() {
                Some("installed") => self.has_worker = true,
                Some("sync_ended") if event["removed"] == "succeeded" => {
                    let tag = event["tag"].as_str().unwrap_or_default();
                    self.enter("ended", tag);
                }
                Some("storage_failed" | "install_failed" | "script_error" | "scope_stopped") => {
                    self.faults.push(event.to_string());
                }
                _ => {}
            }
            if let Some((verb, name)) = printed(event).and_then(|line| line.split_once(' ')) {
                self.enter(verb, name);
            }
        }
    }

    fn enter(&mut self, verb: &str, name: &str) {
        let column = match verb {
            "queued" => &mut self.queued,
            "deleted" => &mut self.deleted,
            // A tag that is registered again and again is back for good reason.
            "ended" if name == "outbox" => return,
            "ended" => &mut self.ended,
            "repeats" => &mut self.repeating,
            "stopped" => &mut self.stopped,
            "noted" => &mut self.noted,
            "cached" => &mut self.cached,
            "uncached" => &mut self.uncached,
            "registered" if name == "outbox" => {
                self.covered.clone_from(&self.queued);
                return;
            }
            "registered" => &mut self.tags,
            "failed" => {
                self.faults.push(format!("the page failed: {name}"));
                return;
            }
            _ => return,
        };
        column.insert(name.to_owned());
    }

    /// The last process is about to send what is left.
    pub fn expect_the_end(&mut self) {
        self.tags_are_registered_twice = true;
    }

    /// Compares the books with the disk and the server; gives what does not agree.
    pub fn audit(&mut self, disk: &Snapshot, received: &Received) -> Vec<String> {
        let mut faults = std::mem::take(&mut self.faults);
        faults.extend(disk.faults.iter().cloned());
        self.audit_messages(disk, received, &mut faults);
        self.audit_tags(disk, received, &mut faults);
        let mut expect = |names: &Names, what: &str, is_right: &dyn Fn(&str) -> bool| {
            let wrong = names.iter().filter(|name| !is_right(name));
            faults.extend(wrong.map(|name| format!("{what}: {name}")));
        };
        expect(&self.repeating, "a periodic tag is lost", &|tag| {
            disk.repeating.contains(tag)
        });
        expect(&self.stopped, "a periodic tag is back", &|tag| {
            !disk.repeating.contains(tag)
        });
        expect(&self.noted, "a note is lost", &|id| {
            disk.notes.contains(&format!("{id}/left"))
        });
        expect(&disk.notes, "half a transaction", &|key| {
            let id = key.split('/').next().unwrap_or_default();
            ["left", "right"]
                .iter()
                .all(|half| disk.notes.contains(&format!("{id}/{half}")))
        });
        expect(&self.cached, "a cached page is lost", &|name| {
            disk.cached.contains(name)
        });
        expect(&self.uncached, "a deleted page is back", &|name| {
            !disk.cached.contains(name)
        });
        if self.has_worker && !disk.has_worker {
            faults.push("the installed worker is lost".to_owned());
        }
        faults
    }

    fn audit_messages(&mut self, disk: &Snapshot, received: &Received, faults: &mut Vec<String>) {
        for id in &self.queued {
            if !disk.outbox.contains(id) && received.times(id) == 0 {
                faults.push(format!("a message is lost: {id}"));
            }
        }
        for id in self.deleted.intersection(&disk.outbox) {
            faults.push(format!("a deleted message is on disk: {id}"));
        }
        for id in self.covered.intersection(&disk.outbox) {
            if !disk.tags.contains_key("outbox") {
                faults.push(format!("the tag of a queued message is lost: {id}"));
            }
        }
        for (name, workers) in &received.0 {
            let distinct: BTreeSet<_> = workers.iter().collect();
            let may_come_twice = self.tags_are_registered_twice && name.starts_with("once-");
            if distinct.len() < workers.len() && !may_come_twice {
                faults.push(format!("one worker sent the same twice: {name}"));
            }
        }
        let sent = received.0.keys().filter(|name| !name.starts_with("once-"));
        for id in sent.chain(&self.queued) {
            settle(
                &mut self.settled,
                id,
                disk.outbox.contains(id),
                received.times(id),
                faults,
            );
        }
    }

    fn audit_tags(&mut self, disk: &Snapshot, received: &Received, faults: &mut Vec<String>) {
        for tag in &self.ended {
            if disk.tags.contains_key(tag) {
                faults.push(format!("a tag that succeeded is on disk: {tag}"));
            }
        }
        for tag in &self.tags {
            let is_stored = disk.tags.contains_key(tag);
            if !is_stored && received.times(tag) == 0 {
                faults.push(format!("a tag is lost: {tag}"));
            }
            settle(
                &mut self.settled,
                tag,
                is_stored,
                received.times(tag),
                faults,
            );
        }
    }

    /// The end of the story: everything was sent, and what is to be kept is there for scripts too.
    pub fn audit_end(&self, disk: &Snapshot, received: &Received, events: &[Value]) -> Vec<String> {
        let lines: Vec<&str> = events.iter().filter_map(printed).collect();
        let mut faults = Vec::new();
        let left = lines.iter().filter(|line| line.starts_with("left "));
        faults.extend(left.map(|line| format!("not sent: {line}")));
        let tags = disk.tags.keys().map(|tag| format!("still queued: {tag}"));
        faults.extend(tags);
        for name in self.queued.iter().chain(&self.tags) {
            if received.times(name) == 0 {
                faults.push(format!("never sent: {name}"));
            }
        }
        for id in &self.noted {
            if !lines.contains(&format!("has note {id}/right").as_str()) {
                faults.push(format!("a note is gone for scripts: {id}"));
            }
        }
        for id in self.cached.iter().filter(|name| *name != "shell") {
            let start = format!("has page {id} ");
            if !lines.iter().any(|line| line.starts_with(&start)) {
                faults.push(format!("a cached page is gone for scripts: {id}"));
            }
        }
        faults
    }

    /// How many promises were heard of.
    pub fn promises(&self) -> usize {
        let columns = [
            &self.queued,
            &self.deleted,
            &self.tags,
            &self.noted,
            &self.cached,
            &self.uncached,
        ];
        columns.map(BTreeSet::len).iter().sum()
    }
}

/// What was not on disk once is done: it stays away, and the server hears no more of it.
fn settle(
    settled: &mut BTreeMap<String, usize>,
    name: &str,
    is_on_disk: bool,
    times: usize,
    faults: &mut Vec<String>,
) {
    match settled.get(name) {
        Some(_) if is_on_disk => faults.push(format!("it was done and is back: {name}")),
        Some(before) if *before < times => faults.push(format!("sent after it was done: {name}")),
        Some(_) => {}
        None if is_on_disk => {}
        None => {
            settled.insert(name.to_owned(), times);
        }
    }
}
