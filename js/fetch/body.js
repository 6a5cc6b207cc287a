// What Request and Response share beyond Deno's: the type of their blobs, and the names of their getters.

import {
  file,
  headers,
  mimeSniff,
  primordials,
  request,
  response,
  webidl,
} from "ext:landfall_platform/platform.js";

// Deno streams what can be iterated; a body that is an array, say, is the text of it.
webidl.isAsyncSequence = () => false;

const {
  ObjectDefineProperty,
  ObjectGetOwnPropertyDescriptor,
  ObjectGetOwnPropertyNames,
  PromisePrototypeThen,
  ReflectApply,
  SafeArrayIterator,
} = primordials;

/** Gives each getter of an interface the name that Web IDL asks for: "get name". */
export function nameGetters(prototype) {
  for (const name of new SafeArrayIterator(ObjectGetOwnPropertyNames(prototype))) {
    const { get } = ObjectGetOwnPropertyDescriptor(prototype, name);
    if (get === undefined) continue;
    ObjectDefineProperty(get, "name", { __proto__: null, value: `get ${name}` });
  }
}

/** Where Deno keeps the type of a blob, which its constructor makes lower case: a boundary would be lost. */
const blobType = Object.getOwnPropertySymbols(new file.Blob()).find(
  (symbol) => symbol.description === "Type",
);

/** https://fetch.spec.whatwg.org/#concept-body-mime-type */
function mimeTypeOf(message) {
  const list = headers.headerListFromHeaders(message.headers);
  const mimeType = mimeSniff.extractMimeType(headers.getDecodeSplitHeader(list, "content-type"));
  return mimeType === null ? "" : mimeSniff.serializeMimeType(mimeType);
}

for (const { prototype } of [request.Request, response.Response]) {
  const consume = prototype.blob;
  const { blob } = {
    /** https://fetch.spec.whatwg.org/#dom-body-blob */
    blob() {
      return PromisePrototypeThen(ReflectApply(consume, this, []), (made) => {
        made[blobType] = mimeTypeOf(this);
        return made;
      });
    },
  };
  ObjectDefineProperty(prototype, "blob", { __proto__: null, value: blob });
}
nameGetters(response.Response.prototype);

const { Response } = response;
const denoRedirect = Response.redirect;
const { redirect } = {
  /** https://fetch.spec.whatwg.org/#dom-response-redirect */
  redirect(url, status = 302) {
    webidl.requiredArguments(arguments.length, 1, "Failed to execute 'redirect' on 'Response'");
    return ReflectApply(denoRedirect, Response, [url, status]);
  },
};
ObjectDefineProperty(Response, "redirect", { __proto__: null, value: redirect });
