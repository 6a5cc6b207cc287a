//! What the BroadcastChannels of an origin say to one another:
//! <https://html.spec.whatwg.org/multipage/web-messaging.html#broadcasting-to-other-browsing-contexts>.
//! Deno's hub drops what a scope is slow to take; this one keeps it.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use deno_core::{JsBuffer, OpState, ToJsBuffer, op2};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// The scopes of an origin that have channels. Clones are the same hub.
#[derive(Clone, Default)]
pub struct BroadcastHub(Arc<Mutex<Vec<UnboundedSender<Broadcast>>>>);

/// A message on its way.
#[derive(Clone)]
struct Broadcast {
    /// Whose channels get it.
    topic: String,
    /// Serialised.
    message: Arc<[u8]>,
}

impl BroadcastHub {
    fn listen(&self) -> (UnboundedSender<Broadcast>, UnboundedReceiver<Broadcast>) {
        let (sender, receiver) = unbounded_channel();
        let mut scopes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        scopes.push(sender.clone());
        (sender, receiver)
    }

    /// Tells all scopes but the one that speaks; those that have ended are forgotten.
    fn tell(&self, speaker: &UnboundedSender<Broadcast>, broadcast: &Broadcast) {
        let mut scopes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        scopes.retain(|scope| scope.same_channel(speaker) || scope.send(broadcast.clone()).is_ok());
    }
}

/// The part of a scope that has channels. Kept in its op state.
struct Listener {
    own: UnboundedSender<Broadcast>,
    received: Rc<tokio::sync::Mutex<UnboundedReceiver<Broadcast>>>,
}

/// From here on the scope hears what others say.
#[op2(fast)]
pub(crate) fn op_broadcast_channel_listen(state: &mut OpState) {
    let (own, received) = state.borrow::<BroadcastHub>().listen();
    state.put(Listener {
        own,
        received: Rc::new(tokio::sync::Mutex::new(received)),
    });
}

#[op2]
pub(crate) fn op_broadcast_channel_post(
    state: &OpState,
    #[string] topic: String,
    #[buffer] message: JsBuffer,
) {
    if let Some(listener) = state.try_borrow::<Listener>() {
        let message = Arc::from(&*message);
        let hub = state.borrow::<BroadcastHub>();
        hub.tell(&listener.own, &Broadcast { topic, message });
    }
}

/// The next message of another scope.
#[op2]
#[serde]
pub(crate) async fn op_broadcast_channel_receive(
    state: Rc<RefCell<OpState>>,
) -> Option<(String, ToJsBuffer)> {
    let received = Rc::clone(&state.borrow().try_borrow::<Listener>()?.received);
    let broadcast = received.lock().await.recv().await?;
    Some((broadcast.topic, broadcast.message.to_vec().into()))
}

deno_core::extension!(
    sw_broadcast_channel,
    deps = [landfall_platform, sw_activity, sw_service_worker],
    ops = [
        op_broadcast_channel_listen,
        op_broadcast_channel_post,
        op_broadcast_channel_receive,
    ],
    esm = [dir "js/broadcast_channel", "broadcast_channel.js"],
    options = { hub: BroadcastHub },
    state = |state, options| {
        state.put(options.hub);
    },
);
