//! Serialised values between the call of `put` and the moment at which its request runs.
//! A script knows them by number, so that their bytes do not pass through its memory.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use deno_web::BlobPart;

use super::error::OpError;

/// The bytes of a Blob: its parts, one after the other.
pub(super) type BlobParts = Vec<Arc<dyn BlobPart + Send + Sync>>;

/// A structured clone, serialised.
pub(super) struct SerializedValue {
    /// V8's format; Blobs are numbers in it.
    pub(super) bytes: Vec<u8>,
    /// The Blobs, by number.
    pub(super) blobs: Vec<BlobParts>,
}

/// The values of one transaction, by number. Numbers are used again.
#[derive(Default)]
pub(super) struct SerializedValues {
    places: RefCell<Places>,
}

#[derive(Default)]
struct Places {
    values: Vec<Option<Rc<SerializedValue>>>,
    free: Vec<u32>,
}

impl SerializedValues {
    /// Keeps a value until it is taken.
    pub(super) fn keep(&self, value: SerializedValue) -> u32 {
        let places = &mut *self.places.borrow_mut();
        let number = places.free.pop().unwrap_or(places.values.len() as u32);
        places
            .values
            .resize((places.values.len()).max(number as usize + 1), None);
        places.values[number as usize] = Some(Rc::new(value));
        number
    }

    /// Lends a value.
    pub(super) fn get(&self, number: u32) -> Result<Rc<SerializedValue>, OpError> {
        let places = self.places.borrow();
        let value = places.values.get(number as usize).cloned().flatten();
        value.ok_or(OpError::Gone("value"))
    }

    /// Takes a value out.
    pub(super) fn take(&self, number: u32) -> Result<Rc<SerializedValue>, OpError> {
        let value = self.get(number)?;
        let places = &mut *self.places.borrow_mut();
        places.values[number as usize] = None;
        places.free.push(number);
        Ok(value)
    }
}
