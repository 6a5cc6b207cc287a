//! A structured-cloned message on its way between two scopes, with what was transferred.

use deno_core::{DetachedBuffer, OpState};
use deno_web::{
    JsMessageData, MessagePortError, Transferable, deserialize_js_transferables,
    serialize_transferables,
};

/// A message outside of any scope.
pub struct TransferredMessage {
    data: DetachedBuffer,
    transferables: Vec<Transferable>,
}

impl TransferredMessage {
    /// Takes a message out of the scope that posts it.
    pub fn take(state: &mut OpState, message: JsMessageData) -> Result<Self, MessagePortError> {
        Ok(Self {
            data: message.data,
            transferables: deserialize_js_transferables(state, message.transferables)?,
        })
    }

    /// Puts it into the scope that receives it.
    pub fn put(self, state: &mut OpState) -> JsMessageData {
        JsMessageData {
            data: self.data,
            transferables: serialize_transferables(state, self.transferables),
        }
    }
}
