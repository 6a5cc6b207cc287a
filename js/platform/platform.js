// With on_demand.js and serializable.js the only script that knows how Deno packs its web platform: lazy scripts that
// return an object of exports. It hands them on under plain names; an upgrade of Deno's crates is made in these three.

import { core, internals, primordials } from "ext:core/mod.js";
import { currentEnvironment, runIn } from "ext:landfall_platform/environment.js";
import { op_scope_report_busy, op_scope_report_error } from "ext:core/ops";
import { createMessageEvent } from "ext:landfall_platform/message_event.js";
import { tellError, tellWork } from "ext:sw_activity/activity.js";
import { currentTime, hostTime } from "ext:sw_time/host_clock.js";

/**
 * Tells the host of an error that no script handled. Deno would end the whole runtime; a browser goes on, and so do we.
 *
 * @param {unknown} error what was thrown
 * @param {boolean} isRejection true for a promise rejection that nobody handled
 */
export function reportToHost(error, isRejection = false) {
  const described = core.destructureError(error);
  tellError(described.frames);
  op_scope_report_error(described, isRejection);
}

/** The handler of a timer that is a string: a script, whose errors have the address of its scope. */
function runTimerSource(source) {
  const [, error] = core.evalContext(source, location.getLocationHref());
  if (error !== null) throw error.thrown;
}

/** Waiting for a message is no work: a scope that only waits is idle. The host hears when one has come. */
export const unreferenced = (op) => (rid) => {
  const received = op(rid);
  core.unrefOpPromise(received);
  primordials.PromisePrototypeThen(received, op_scope_report_busy, op_scope_report_busy);
  return received;
};

/** Who posts a message does something. */
const telling = (op) => (...values) => {
  tellWork("message");
  return op(...values);
};

/** Deno's scripts are given this view of its core instead of the original one. */
export const bootstrap = {
  __proto__: null,
  primordials: { __proto__: primordials, ...hostTime.primordials, indirectEval: runTimerSource },
  internals,
  core: {
    __proto__: core,
    ...hostTime.core,
    ops: {
      __proto__: core.ops,
      ...hostTime.ops,
      // Matrices speak no CSS where there is no document.
      op_geometry_get_enable_css_parser_features: () => false,
      op_message_port_post_message: telling(core.ops.op_message_port_post_message),
      op_message_port_recv_message: unreferenced(core.ops.op_message_port_recv_message),
    },
    refOpPromise() {},
    reportUnhandledException: (error) => reportToHost(error),
  },
};
core.ops.op_set_captured_bootstrap(bootstrap);

const load = (specifier) => core.loadExtScript(specifier);

export { core, internals, primordials };
const { ObjectDefineProperty, ObjectGetOwnPropertyDescriptor } = primordials;
export const webidl = load("ext:deno_webidl/00_webidl.js");
export const domException = load("ext:deno_web/01_dom_exception.js");
export const { DOMException } = domException;
export const event = load("ext:deno_web/02_event.js");
export const { MessageEvent, receivedMessage } = createMessageEvent(event, webidl, () => ports.MessagePort);
// Ports take it from here when they are loaded, which the next one does.
event.MessageEvent = function (type, message) {
  return receivedMessage(type === "message" ? message : null);
};
export const infra = load("ext:deno_web/00_infra.js");
export const url = load("ext:deno_web/00_url.js");
export const consoleScript = load("ext:deno_web/01_console.js");
export const mimeSniff = load("ext:deno_web/01_mimesniff.js");
export const timers = load("ext:deno_web/02_timers.js");
export const abort = load("ext:deno_web/03_abort_signal.js");
export const globalInterfaces = load("ext:deno_web/04_global_interfaces.js");
export const base64 = load("ext:deno_web/05_base64.js");
export const streams = load("ext:deno_web/06_streams.js");
export const encoding = load("ext:deno_web/08_text_encoding.js");
export const file = load("ext:deno_web/09_file.js");
/** Loads on first use: a module cannot be loaded lazily into the snapshot. */
export const loadLocks = core.createLazyLoader("ext:deno_web/locks.js");
export const location = load("ext:deno_web/12_location.js");
/** The scope's own address. */
let ownAddress;
// Asked by every script that resolves an address: a frame's are relative to the frame's own.
location.getLocationHref = () => currentEnvironment().url ?? ownAddress;

/** @param {string} address of the scope, without user name and password */
export function setAddress(address) {
  ownAddress = address;
}

/** Deno's objects are made when a script first asks for one. */
let isLocated = false;
for (const descriptor of [location.locationDescriptor, location.workerLocationDescriptor]) {
  const { get } = descriptor;
  const attribute = {
    get location() {
      if (!isLocated) location.setLocationHref(ownAddress);
      isLocated = true;
      return get();
    },
  };
  descriptor.get = ObjectGetOwnPropertyDescriptor(attribute, "location").get;
}

/** The origin of the environment that the running script speaks for. */
export const ownOrigin = () =>
  currentEnvironment().origin ?? new url.URL(location.getLocationHref()).origin;
/** The origin of an environment. */
export const originOf = (environment) => runIn(environment, ownOrigin);
export const ports = load("ext:deno_web/13_message_port.js");
// Deno's Node layer brings this symbol; without it keys get no brand and cannot be cloned.
internals.kKeyObject = Symbol("kKeyObject");
export const crypto = load("ext:deno_crypto/00_crypto.js");
{
  // Deno marks keys with symbols that it learns when a script first reads `crypto`: a key may be cloned into a scope
  // that never did.
  const cloneables = core.getCloneableDeserializers();
  const { CryptoKey: rebuild } = cloneables;
  cloneables.CryptoKey = (data) => crypto.crypto && rebuild(data);
}
export const headers = load("ext:deno_fetch/20_headers.js");
export const formData = load("ext:deno_fetch/21_formdata.js");
{
  // Old servers want a line break behind the last boundary, and browsers send it. Taken from here by Deno's bodies.
  const { formDataToBlob } = formData;
  formData.formDataToBlob = (form) => {
    const blob = formDataToBlob(form);
    return new file.Blob([blob, "\r\n"], { type: blob.type });
  };
}
export const body = load("ext:deno_fetch/22_body.js");
export const request = load("ext:deno_fetch/23_request.js");
export const response = load("ext:deno_fetch/23_response.js");

const attributes = Object.getOwnPropertySymbols(new event.Event("")).find(
  (symbol) => symbol.description === "[[attributes]]",
);

/** Where they are kept in its place: each event's own, and found under the same name. */
const stampedAttributes = Symbol(attributes.description);

// https://dom.spec.whatwg.org/#inner-event-creation-steps: Deno says 0. Its constructors assign the attributes, which
// for each event comes through here once.
Object.defineProperty(event.Event.prototype, attributes, {
  __proto__: null,
  get() {
    return this[stampedAttributes];
  },
  set(value) {
    value.timeStamp = currentTime();
    this[stampedAttributes] = value;
  },
});

const dispatchEvent = primordials.uncurryThis(event.EventTarget.prototype.dispatchEvent);

/**
 * Fires an event of the host's: trusted, and heard whatever a script has put in the place of dispatchEvent().
 *
 * @param {EventTarget} target
 * @param {Event} dispatched
 * @returns {boolean} false if a listener cancelled it
 */
export function fire(target, dispatched) {
  event.setIsTrusted(dispatched, true);
  return dispatchEvent(target, dispatched);
}

/** Platform objects are cloned only where it is said how (https://html.spec.whatwg.org/#serializable-objects). */
export function refuseClones(prototype, name) {
  if (prototype === undefined || core.hostObjectBrand in prototype) return;
  // Deno assigns it to its ports.
  ObjectDefineProperty(prototype, core.hostObjectBrand, { __proto__: null, value: name, writable: true });
}

// Read before scripts could replace them, for what is loaded after that.
export const { addEventListener } = event.EventTarget.prototype;
export const readDetached = ObjectGetOwnPropertyDescriptor(ArrayBuffer.prototype, "detached").get;

/**
 * An event handler attribute (https://html.spec.whatwg.org/#event-handler-idl-attributes) of an interface: Deno's, with
 * the check of the receiver that it leaves out.
 *
 * @param {object} prototype
 * @param {string} type of the events
 * @param {((target: EventTarget) => void) | undefined} init called when a target has its first handler
 */
export function defineEventHandler(prototype, type, init = undefined) {
  event.defineEventHandler(prototype, type, init);
  const name = `on${type}`;
  const { get, set } = ObjectGetOwnPropertyDescriptor(prototype, name);
  const checked = ObjectGetOwnPropertyDescriptor({
    get [name]() {
      webidl.assertBranded(this, prototype);
      return primordials.FunctionPrototypeCall(get, this);
    },
    set [name](handler) {
      webidl.assertBranded(this, prototype);
      primordials.FunctionPrototypeCall(set, this, handler);
    },
  }, name);
  // A descriptor has what a script gives all objects, unless it inherits nothing.
  ObjectDefineProperty(prototype, name, { __proto__: null, ...checked });
}

/** https://webidl.spec.whatwg.org/#idl-DOMException-error-names */
const DOM_EXCEPTION_NAMES = [
  "IndexSizeError",
  "HierarchyRequestError",
  "WrongDocumentError",
  "InvalidCharacterError",
  "NoModificationAllowedError",
  "NotFoundError",
  "NotSupportedError",
  "InUseAttributeError",
  "InvalidStateError",
  "SyntaxError",
  "InvalidModificationError",
  "NamespaceError",
  "InvalidAccessError",
  "TypeMismatchError",
  "SecurityError",
  "NetworkError",
  "AbortError",
  "URLMismatchError",
  "TimeoutError",
  "InvalidNodeTypeError",
  "DataCloneError",
  "EncodingError",
  "NotReadableError",
  "UnknownError",
  "ConstraintError",
  "DataError",
  "TransactionInactiveError",
  "ReadOnlyError",
  "VersionError",
  "OperationError",
  "NotAllowedError",
];

for (const name of DOM_EXCEPTION_NAMES) {
  core.registerErrorBuilder(
    `DOMException${name}`,
    (message) => new DOMException(message, name),
  );
}
core.registerErrorBuilder(
  "DOMExceptionQuotaExceededError",
  (message) => new domException.QuotaExceededError(message),
);
