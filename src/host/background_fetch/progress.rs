//! Tells scripts and embedder how far a fetch has come, and scripts when a response is there.

use std::rc::Rc;
use std::time::Duration;

use crate::host::background_fetch::event::BackgroundFetchEvent;
use crate::host::background_fetch::manager::response_of;
use crate::host::core::Core;
use crate::host::event::HostEventKind;
use crate::host::scope_thread::Command;
use crate::web::event::Notice;

/// Progress is told so often at most; how a fetch ended is told at once. XMLHttpRequest has the same interval.
const INTERVAL: Duration = Duration::from_millis(50);

impl Core {
    /// Something may have changed that is to be told. <https://wicg.github.io/background-fetch/#update-background-fetch-instance-algorithm>
    pub(super) fn tell_progress(self: &Rc<Self>, number: i64) {
        let now = self.clock.elapsed();
        let wait_until = self.with_fetch(number, |entry| {
            let due = entry.told_at.map_or(now, |at| at.saturating_add(INTERVAL));
            let is_due = now >= due || !entry.fetch.is_active();
            let is_news = entry.fetch.progress() != entry.told;
            match (is_news, is_due) {
                (true, false) if !entry.is_telling => {
                    entry.is_telling = true;
                    Some(due)
                }
                (true, true) => Some(now),
                _ => None,
            }
        });
        match wait_until.flatten() {
            Some(at) if at <= now => self.tell_progress_now(number),
            Some(at) => {
                let core = Rc::clone(self);
                tokio::task::spawn_local(async move {
                    core.clock.sleep_until_elapsed(at).await;
                    core.with_fetch(number, |entry| entry.is_telling = false);
                    core.tell_progress(number);
                });
            }
            None => {}
        }
    }

    fn tell_progress_now(&self, number: i64) {
        let now = self.clock.elapsed();
        let told = self.with_fetch(number, |entry| {
            entry.told = entry.fetch.progress();
            entry.told_at = Some(now);
            let event = BackgroundFetchEvent::Progress {
                scope: entry.scope.clone(),
                id: entry.fetch.id.clone(),
                uploaded: entry.told.uploaded,
                downloaded: entry.told.downloaded,
            };
            let is_active = entry.fetch.is_active();
            (
                entry.origin.clone(),
                entry.view(),
                is_active.then_some(event),
            )
        });
        if let Some((origin, view, event)) = told {
            self.notify_origin(&origin, || Notice::BackgroundFetchChanged(view.clone()));
            if let Some(event) = event {
                self.publish(HostEventKind::BackgroundFetch(event));
            }
        }
    }

    /// A response is there, or there will be none: whoever waits for it hears so.
    pub(super) fn tell_response(&self, number: i64, index: usize) {
        let answered = self.with_fetch(number, |entry| {
            let files = self.fetch_files(&entry.origin);
            let mut answered = Vec::new();
            for waiting in std::mem::take(&mut entry.listeners[index].waiting) {
                match response_of(entry, index, &files) {
                    Some(response) => answered.push((waiting, response)),
                    None => entry.listeners[index].waiting.push(waiting),
                }
            }
            answered
        });
        for (waiting, response) in answered.into_iter().flatten() {
            let _ = waiting.reply.send(response);
            // Who only waits is idle, and must not be thought so while the answer is on its way.
            self.scopes
                .borrow_mut()
                .send(waiting.context, Command::SayWhenIdle);
        }
    }
}
