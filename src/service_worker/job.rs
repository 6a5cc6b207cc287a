//! Jobs: register, update and unregister take turns, one at a time per scope, and equal ones join.
//! It keeps the order; doing the work is the host's part.

use std::collections::{HashMap, VecDeque};

use url::Url;

use crate::service_worker::registration::UpdateViaCache;
use crate::service_worker::script::ScriptType;

/// What a job does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobKind {
    /// `register()`
    Register(ScriptChoice),
    /// `update()` or a soft update
    Update(ScriptChoice),
    /// `unregister()`
    Unregister,
}

/// Which script, and how to read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptChoice {
    /// Its address.
    pub url: Url,
    /// Classic script or module.
    pub script_type: ScriptType,
    /// Which scripts the HTTP cache may answer.
    pub update_via_cache: UpdateViaCache,
}

/// One thing to do to the registration of one scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// What to do.
    pub kind: JobKind,
    /// The scope it is for.
    pub scope: Url,
    /// The page or worker that asks, which is the referrer of the script; `None` if the host does.
    pub client_url: Option<Url>,
}

impl Job {
    /// Whether doing one of the two does the other. <https://w3c.github.io/ServiceWorker/#dfn-job-equivalent>
    pub fn is_equivalent(&self, other: &Self) -> bool {
        let same_work = match (&self.kind, &other.kind) {
            (JobKind::Register(mine), JobKind::Register(theirs))
            | (JobKind::Update(mine), JobKind::Update(theirs)) => mine == theirs,
            (JobKind::Unregister, JobKind::Unregister) => true,
            _ => false,
        };
        same_work && self.scope == other.scope
    }
}

/// What became of a scheduled job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheduled {
    /// Nothing else is under way for the scope: do it now.
    Start,
    /// It will be given out by [`JobQueue::finish`].
    Queued,
    /// It shares the result of an equivalent job.
    Joined,
}

/// The jobs of all scopes. `Waiter` is whatever is told the result, such as a reply channel.
#[derive(Debug)]
pub struct JobQueue<Waiter> {
    queues: HashMap<Url, VecDeque<Entry<Waiter>>>,
}

#[derive(Debug)]
struct Entry<Waiter> {
    job: Job,
    waiters: Vec<Waiter>,
    /// The promise is settled although the job still runs: nobody can join any more.
    is_settled: bool,
}

impl<Waiter> Default for JobQueue<Waiter> {
    fn default() -> Self {
        Self {
            queues: HashMap::new(),
        }
    }
}

impl<Waiter> JobQueue<Waiter> {
    /// No jobs.
    pub fn new() -> Self {
        Self::default()
    }

    /// <https://w3c.github.io/ServiceWorker/#schedule-job>
    pub fn schedule(&mut self, job: Job, waiter: Waiter) -> Scheduled {
        let queue = self.queues.entry(job.scope.clone()).or_default();
        if let Some(last) = queue.back_mut()
            && !last.is_settled
            && last.job.is_equivalent(&job)
        {
            last.waiters.push(waiter);
            return Scheduled::Joined;
        }
        queue.push_back(Entry {
            job,
            waiters: vec![waiter],
            is_settled: false,
        });
        if queue.len() == 1 {
            Scheduled::Start
        } else {
            Scheduled::Queued
        }
    }

    /// Everyone who waits for the running job of the scope: its promise is settled now.
    /// The job may still go on, as an install does.
    /// <https://w3c.github.io/ServiceWorker/#resolve-job-promise>
    pub fn settle(&mut self, scope: &Url) -> Vec<Waiter> {
        let Some(entry) = self.queues.get_mut(scope).and_then(VecDeque::front_mut) else {
            return Vec::new();
        };
        entry.is_settled = true;
        std::mem::take(&mut entry.waiters)
    }

    /// The running job of the scope is done; gives the next one to start.
    /// <https://w3c.github.io/ServiceWorker/#finish-job>
    pub fn finish(&mut self, scope: &Url) -> Option<Job> {
        let queue = self.queues.get_mut(scope)?;
        queue.pop_front();
        let next = queue.front().map(|entry| entry.job.clone());
        if next.is_none() {
            self.queues.remove(scope);
        }
        next
    }

    /// Whether no scope has a job.
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.queues.is_empty()
    }
}
