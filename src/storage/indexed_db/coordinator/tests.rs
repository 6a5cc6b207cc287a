//! How threads hear of one another. Every thread here is a participant on the test's own thread.

use std::collections::BTreeSet;

use tokio::sync::mpsc::UnboundedReceiver;

use super::*;

struct Thread {
    participant: Participant,
    receiver: UnboundedReceiver<Message>,
}

impl Thread {
    fn of(coordinator: &Arc<Coordinator>) -> Self {
        let (participant, receiver) = coordinator.join("https://a.example".into());
        Self {
            participant,
            receiver,
        }
    }

    fn heard(&mut self) -> Vec<Message> {
        std::iter::from_fn(|| self.receiver.try_recv().ok()).collect()
    }

    fn write(&self, name: &str) -> (TransactionId, bool) {
        self.participant
            .create_transaction(name, TransactionMode::ReadWrite, BTreeSet::from([1]))
    }
}

#[test]
fn open_requests_of_one_database_take_turns() {
    let coordinator = Coordinator::new();
    let (mut first, mut second) = (Thread::of(&coordinator), Thread::of(&coordinator));
    let (ticket, is_first) = first.participant.enter_queue("db");
    assert!(is_first);
    let (waiting, is_first) = second.participant.enter_queue("db");
    assert!(!is_first);
    assert!(second.participant.enter_queue("another").1);

    first.participant.leave_queue("db", ticket);
    assert_eq!(second.heard(), [Message::Turn { ticket: waiting.0 }]);
    assert_eq!(first.heard(), []);
}

#[test]
fn a_version_change_without_other_connections_is_not_blocked() {
    let coordinator = Coordinator::new();
    let mut thread = Thread::of(&coordinator);
    let (ticket, _) = thread.participant.enter_queue("db");
    let own = thread.participant.connect("db");
    thread
        .participant
        .announce_version_change("db", ticket, Some(own), (1, Some(2)));
    assert_eq!(
        thread.heard(),
        [Message::VersionChangeFired {
            ticket: ticket.0,
            is_blocked: false
        }]
    );
}

#[test]
fn a_version_change_waits_for_the_connections_of_other_threads() {
    let coordinator = Coordinator::new();
    let (mut asking, mut holding) = (Thread::of(&coordinator), Thread::of(&coordinator));
    let held = holding.participant.connect("db");
    let (ticket, _) = asking.participant.enter_queue("db");
    asking
        .participant
        .announce_version_change("db", ticket, None, (1, None));
    let expected = Message::VersionChange {
        connection: held.0,
        ticket: ticket.0,
        old_version: 1,
        new_version: None,
    };
    assert_eq!(holding.heard(), [expected]);
    assert_eq!(asking.heard(), []);

    holding
        .participant
        .acknowledge_version_change("db", ticket, held);
    assert_eq!(
        asking.heard(),
        [Message::VersionChangeFired {
            ticket: ticket.0,
            is_blocked: true
        }]
    );

    holding.participant.disconnect("db", held);
    assert_eq!(asking.heard(), [Message::Unblocked { ticket: ticket.0 }]);
}

#[test]
fn a_thread_that_dies_unblocks_the_others() {
    let coordinator = Coordinator::new();
    let (mut surviving, dying) = (Thread::of(&coordinator), Thread::of(&coordinator));
    dying.participant.connect("db");
    let (dead_ticket, _) = dying.participant.enter_queue("db");
    assert!(dying.write("db").1);

    let (ticket, _) = surviving.participant.enter_queue("db");
    let (transaction, is_started) = surviving.write("db");
    assert!(!is_started);
    assert_ne!(dead_ticket, ticket);

    drop(dying);
    let heard = surviving.heard();
    assert!(heard.contains(&Message::Turn { ticket: ticket.0 }));
    assert!(heard.contains(&Message::TransactionStarted {
        transaction: transaction.0
    }));

    surviving
        .participant
        .announce_version_change("db", ticket, None, (1, Some(2)));
    assert_eq!(
        surviving.heard(),
        [Message::VersionChangeFired {
            ticket: ticket.0,
            is_blocked: false
        }]
    );
}

#[test]
fn origins_do_not_meet() {
    let coordinator = Coordinator::new();
    let first = Thread::of(&coordinator);
    let (other, _receiver) = coordinator.join("https://b.example".into());
    assert!(first.participant.enter_queue("db").1);
    assert!(other.enter_queue("db").1);
}
