//! Asks workers whose events run whether they still answer, and stops one that does not, as Chromium does.

use std::rc::Rc;

use crate::clock::{Clock, SystemClock};
use crate::host::core::Core;
use crate::host::event::HostEventKind;
use crate::service_worker::lifetime::ANSWER_GRACE;
use crate::web::host_port::ContextId;

impl Core {
    /// An event of a worker begins: from now on workers are asked, until none has an event.
    pub(super) fn watch_answers(self: &Rc<Self>) {
        if self.are_answers_watched.replace(true) {
            return;
        }
        let core = Rc::clone(self);
        tokio::task::spawn_local(async move {
            let mut is_one_overdue = false;
            loop {
                tokio::select! {
                    () = core.clock.sleep(core.settings.limits.ping) => {}
                    () = SystemClock.sleep(ANSWER_GRACE), if is_one_overdue => {}
                }
                // Those that have answered by now have answered in time.
                core.take_waiting_requests();
                let busy = core.scopes.borrow().busy_workers();
                if busy.is_empty() {
                    break;
                }
                is_one_overdue = false;
                for context in busy {
                    is_one_overdue |= core.check_answer(context);
                }
            }
            core.are_answers_watched.set(false);
        });
    }

    /// Asks a worker whether it answers, or stops it because it does not; gives whether it owes an answer from before.
    fn check_answer(self: &Rc<Self>, context: ContextId) -> bool {
        let Some(runner) = self.scopes.borrow().runner(context) else {
            return false;
        };
        if !runner.can_answer() {
            runner.owes_nothing();
            return false;
        }
        let (now, really_now) = (self.clock.elapsed(), SystemClock.elapsed());
        let Some(owed) = runner.owed(now, really_now) else {
            runner.ping(now, really_now);
            return false;
        };
        if !self.settings.limits.is_unresponsive(owed) {
            return true;
        }
        runner.is_unresponsive.set(true);
        let limit = self.settings.limits.ping.as_secs();
        self.cut_off(
            context,
            format!(
                "it has not answered for {limit} s: end the loop that it is in, or let it rest with `setTimeout()`"
            ),
        );
        false
    }

    /// Cuts a scope off because of what its script did, and tells.
    pub(super) fn cut_off(&self, context: ContextId, reason: String) {
        if let Some(source) = self.source_of(context) {
            self.publish(HostEventKind::ScopeStopped { source, reason });
        }
        self.terminate(context);
    }

    /// A worker answers.
    pub(super) fn take_answer(&self, context: ContextId) {
        if let Some(runner) = self.scopes.borrow().runner(context) {
            runner.owes_nothing();
        }
    }
}
