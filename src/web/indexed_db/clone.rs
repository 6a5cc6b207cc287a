//! Structured clones for storage: V8's serialiser, with Blobs and Files taken apart into bytes that can be kept.
//! Platform objects that the web platform does not serialise are refused, at any depth.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use deno_core::{OpState, ToV8, op2, v8};
use deno_web::BlobStoreTrait;
use uuid::Uuid;
use v8::{ValueDeserializerHelper, ValueSerializerHelper};

use crate::web::buffers::ScriptBuffers;

use super::error::OpError;
use super::serialized::{BlobParts, SerializedValue};
use super::thread::{ScriptSide, ThreadDatabases};

/// Deno's mark on objects that know how to be cloned.
const CLONEABLE_BRAND: &str = "Deno.core.hostObject";

fn blob_store(state: &RefCell<OpState>) -> Arc<dyn BlobStoreTrait> {
    Arc::clone(state.borrow().borrow::<Arc<dyn BlobStoreTrait>>())
}

fn property<'s>(scope: &mut v8::PinScope<'s, '_>, name: &str) -> Option<v8::Local<'s, v8::Value>> {
    Some(v8::String::new(scope, name)?.into())
}

fn cloneable_brand<'s>(scope: &mut v8::PinScope<'s, '_>) -> Option<v8::Local<'s, v8::Symbol>> {
    let name = v8::String::new(scope, CLONEABLE_BRAND)?;
    Some(v8::Symbol::for_key(scope, name))
}

struct Writer<'a> {
    brands: [v8::Local<'a, v8::Symbol>; 2],
    cloneable_brand: v8::Local<'a, v8::Symbol>,
    on_error: v8::Local<'a, v8::Function>,
    blob_store: Arc<dyn BlobStoreTrait>,
    blobs: Rc<RefCell<Vec<BlobParts>>>,
}

impl Writer<'_> {
    /// Replaces the `parts` that a Blob or File names by a number, under which they are kept.
    fn detach_parts<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        description: v8::Local<'s, v8::Object>,
    ) -> Option<()> {
        let parts_name = property(scope, "parts")?;
        let Ok(parts) = description.get(scope, parts_name)?.try_cast::<v8::Array>() else {
            return Some(());
        };
        let uuid_name = property(scope, "uuid")?;
        let mut kept = BlobParts::new();
        for position in 0..parts.length() {
            let part = parts.get_index(scope, position)?.to_object(scope)?;
            let id = part.get(scope, uuid_name)?.to_rust_string_lossy(scope);
            // The description holds a reference of its own to every part, made for this clone.
            let id = Uuid::parse_str(&id).ok()?;
            kept.push(self.blob_store.remove_part(&id)?);
        }
        let mut blobs = self.blobs.borrow_mut();
        let number = v8::Number::new(scope, blobs.len() as f64);
        blobs.push(kept);
        description.set(scope, parts_name, number.into())?;
        Some(())
    }
}

impl v8::ValueSerializerImpl for Writer<'_> {
    fn throw_data_clone_error<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        message: v8::Local<'s, v8::String>,
    ) {
        // The callback throws a DataCloneError.
        let receiver = v8::undefined(scope).into();
        self.on_error.call(scope, receiver, &[message.into()]);
    }

    fn has_custom_host_object(&self, _isolate: &v8::Isolate) -> bool {
        true
    }

    fn is_host_object<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        object: v8::Local<'s, v8::Object>,
    ) -> Option<bool> {
        // Only own brands: an object that merely inherits from a platform object is an ordinary one.
        for brand in self.brands {
            if object.has_own_property(scope, brand.into())? {
                return Some(true);
            }
        }
        // What is implemented in Rust has the mark on its prototype, and nothing else has such a field.
        if object.is_api_wrapper() {
            return object.has(scope, self.cloneable_brand.into());
        }
        object.has_own_property(scope, self.cloneable_brand.into())
    }

    fn write_host_object<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        object: v8::Local<'s, v8::Object>,
        serializer: &dyn ValueSerializerHelper,
    ) -> Option<bool> {
        let describe = object.get(scope, self.cloneable_brand.into())?;
        let Ok(describe) = describe.try_cast::<v8::Function>() else {
            let name = object.get_constructor_name().to_rust_string_lossy(scope);
            let message = v8::String::new(scope, &format!("{name} object could not be cloned."))?;
            self.throw_data_clone_error(scope, message);
            return None;
        };
        let description = describe.call(scope, object.into(), &[])?.to_object(scope)?;
        self.detach_parts(scope, description)?;
        let context = scope.get_current_context();
        serializer.write_value(context, description.into())
    }

    fn get_shared_array_buffer_id<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        _buffer: v8::Local<'s, v8::SharedArrayBuffer>,
    ) -> Option<u32> {
        let message = v8::String::new(scope, "A SharedArrayBuffer cannot be stored.")?;
        self.throw_data_clone_error(scope, message);
        None
    }

    fn get_wasm_module_transfer_id(
        &self,
        scope: &mut v8::PinScope<'_, '_>,
        _module: v8::Local<v8::WasmModuleObject>,
    ) -> Option<u32> {
        let message = v8::String::new(scope, "A WebAssembly.Module cannot be stored.")?;
        self.throw_data_clone_error(scope, message);
        None
    }
}

/// StructuredSerializeForStorage. Gives the number of the value in the transaction. `on_error` is called with a message
/// and throws.
#[op2(nofast, reentrant)]
#[smi]
pub(super) fn op_indexed_db_serialize<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    state: Rc<RefCell<OpState>>,
    #[smi] transaction: u32,
    value: v8::Local<'s, v8::Value>,
    on_error: v8::Local<'s, v8::Function>,
) -> Result<u32, OpError> {
    let databases = ThreadDatabases::of(&state);
    let script_side = databases.script_side()?;
    let blobs = Rc::default();
    let writer = Writer {
        brands: script_side.brands.map(|brand| v8::Local::new(scope, brand)),
        cloneable_brand: cloneable_brand(scope).ok_or(OpError::Thrown)?,
        on_error,
        blob_store: blob_store(&state),
        blobs: Rc::clone(&blobs),
    };
    let serializer = v8::ValueSerializer::new(scope, Box::new(writer));
    serializer.write_header();
    v8::tc_scope!(let scope, scope);
    let written = serializer.write_value(scope.get_current_context(), value);
    if scope.has_caught() {
        scope.rethrow();
        // Not an error of ours: the exception is on its way already.
        return Ok(0);
    }
    if written != Some(true) {
        return Err(OpError::DataClone("the value could not be cloned".into()));
    }
    let bytes = serializer.release();
    // What was cloned may be garbage now, too.
    ScriptBuffers::of(&state.borrow()).give(bytes.len());
    let value = SerializedValue {
        bytes,
        blobs: blobs.take(),
    };
    Ok(databases.transaction(transaction)?.values.keep(value))
}

/// The request that was to store the value never comes.
#[op2(fast)]
pub(super) fn op_indexed_db_forget_value(
    state: Rc<RefCell<OpState>>,
    #[smi] transaction: u32,
    #[smi] value: u32,
) -> Result<(), OpError> {
    let transaction = ThreadDatabases::of(&state).transaction(transaction)?;
    transaction.values.take(value).map(drop)
}

struct Reader<'a> {
    deserializers: v8::Local<'a, v8::Object>,
    blob_store: Arc<dyn BlobStoreTrait>,
    blobs: Vec<BlobParts>,
}

impl Reader<'_> {
    /// Replaces the number of a Blob by its parts.
    fn attach_parts<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        description: v8::Local<'s, v8::Object>,
    ) -> Option<()> {
        let parts_name = property(scope, "parts")?;
        let number = description.get(scope, parts_name)?;
        let Some(parts) = number
            .uint32_value(scope)
            .and_then(|number| self.blobs.get(number as usize))
        else {
            return Some(());
        };
        let (uuid_name, size_name) = (property(scope, "uuid")?, property(scope, "size")?);
        let mut described = Vec::with_capacity(parts.len());
        for part in parts {
            let size = v8::Number::new(scope, part.size() as f64);
            let Ok(id) = self.blob_store.insert_part(Arc::clone(part)).to_v8(scope);
            let part = v8::Object::new(scope);
            part.set(scope, uuid_name, id)?;
            part.set(scope, size_name, size.into())?;
            described.push(part.into());
        }
        let parts = v8::Array::new_with_elements(scope, &described);
        description.set(scope, parts_name, parts.into())?;
        Some(())
    }
}

impl v8::ValueDeserializerImpl for Reader<'_> {
    fn read_host_object<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        deserializer: &dyn ValueDeserializerHelper,
    ) -> Option<v8::Local<'s, v8::Object>> {
        let context = scope.get_current_context();
        let description = deserializer.read_value(context)?.to_object(scope)?;
        // V8 forbids scripts while it deserialises; what runs here is Deno's own constructor.
        let allow = std::pin::pin!(v8::AllowJavascriptExecutionScope::new(scope));
        let scope = &mut allow.init();
        self.attach_parts(scope, description)?;
        let type_name = property(scope, "type")?;
        let kind = description.get(scope, type_name)?;
        let rebuild = self
            .deserializers
            .get(scope, kind)?
            .try_cast::<v8::Function>()
            .ok()?;
        let receiver = v8::null(scope).into();
        rebuild
            .call(scope, receiver, &[description.into()])?
            .to_object(scope)
    }
}

/// What is needed to turn stored bytes into values again, many times over.
pub(super) struct Cloner {
    script_side: ScriptSide,
    blob_store: Arc<dyn BlobStoreTrait>,
    buffers: Rc<ScriptBuffers>,
}

impl Cloner {
    pub(super) fn of(isolate: &mut v8::Isolate, state: &RefCell<OpState>) -> Result<Self, OpError> {
        let buffers = ScriptBuffers::of(&state.borrow());
        // A script may ask for many values before its turn is over.
        buffers.collect(isolate);
        let script_side = ThreadDatabases::of(state).script_side()?;
        Ok(Self {
            script_side,
            blob_store: blob_store(state),
            buffers,
        })
    }

    /// StructuredDeserialize.
    pub(super) fn deserialize<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        bytes: &[u8],
        blobs: Vec<BlobParts>,
    ) -> Result<v8::Local<'s, v8::Value>, OpError> {
        self.buffers.give(bytes.len());
        let reader = Reader {
            deserializers: v8::Local::new(scope, &self.script_side.deserializers),
            blob_store: Arc::clone(&self.blob_store),
            blobs,
        };
        let deserializer = v8::ValueDeserializer::new(scope, Box::new(reader), bytes);
        let context = scope.get_current_context();
        let unreadable = || OpError::Unknown("a stored value cannot be read".into());
        deserializer.read_header(context).ok_or_else(unreadable)?;
        deserializer.read_value(context).ok_or_else(unreadable)
    }
}

/// Makes the clone that key paths are evaluated on.
#[op2(reentrant)]
pub(super) fn op_indexed_db_deserialize<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    state: Rc<RefCell<OpState>>,
    #[smi] transaction: u32,
    #[smi] value: u32,
) -> Result<v8::Local<'s, v8::Value>, OpError> {
    let transaction = ThreadDatabases::of(&state).transaction(transaction)?;
    let value = transaction.values.get(value)?;
    Cloner::of(scope, &state)?.deserialize(scope, &value.bytes, value.blobs.clone())
}
