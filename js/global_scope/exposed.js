// The interfaces and functions that every scope sees, window-like clients and workers alike.

import {
  abort,
  base64,
  crypto,
  domException,
  encoding,
  event,
  file,
  formData,
  headers,
  MessageEvent,
  ports,
  primordials,
  response,
  streams,
  timers,
  url,
} from "ext:landfall_platform/platform.js";
import { tellWork } from "ext:sw_activity/activity.js";
import { fetch } from "ext:sw_fetch/fetch.js";
import { Request } from "ext:sw_fetch/request.js";

const { ReflectApply } = primordials;

/** Interface objects: configurable, writable, not enumerable. */
export const interfaces = {
  AbortController: abort.AbortController,
  AbortSignal: abort.AbortSignal,
  Blob: file.Blob,
  ByteLengthQueuingStrategy: streams.ByteLengthQueuingStrategy,
  CloseEvent: event.CloseEvent,
  CountQueuingStrategy: streams.CountQueuingStrategy,
  Crypto: crypto.Crypto,
  CryptoKey: crypto.CryptoKey,
  CustomEvent: event.CustomEvent,
  DOMException: domException.DOMException,
  ErrorEvent: event.ErrorEvent,
  Event: event.Event,
  EventTarget: event.EventTarget,
  File: file.File,
  FormData: formData.FormData,
  Headers: headers.Headers,
  MessageChannel: ports.MessageChannel,
  MessageEvent,
  MessagePort: ports.MessagePort,
  ProgressEvent: event.ProgressEvent,
  PromiseRejectionEvent: event.PromiseRejectionEvent,
  QuotaExceededError: domException.QuotaExceededError,
  ReadableByteStreamController: streams.ReadableByteStreamController,
  ReadableStream: streams.ReadableStream,
  ReadableStreamBYOBReader: streams.ReadableStreamBYOBReader,
  ReadableStreamBYOBRequest: streams.ReadableStreamBYOBRequest,
  ReadableStreamDefaultController: streams.ReadableStreamDefaultController,
  ReadableStreamDefaultReader: streams.ReadableStreamDefaultReader,
  Request,
  Response: response.Response,
  SubtleCrypto: crypto.SubtleCrypto,
  TextDecoder: encoding.TextDecoder,
  TextDecoderStream: encoding.TextDecoderStream,
  TextEncoder: encoding.TextEncoder,
  TextEncoderStream: encoding.TextEncoderStream,
  TransformStream: streams.TransformStream,
  TransformStreamDefaultController: streams.TransformStreamDefaultController,
  URL: url.URL,
  URLSearchParams: url.URLSearchParams,
  WritableStream: streams.WritableStream,
  WritableStreamDefaultController: streams.WritableStreamDefaultController,
  WritableStreamDefaultWriter: streams.WritableStreamDefaultWriter,
};

/** A timer, and a word to the host that an event may have begun it. */
const { setInterval, setTimeout } = {
  setInterval(handler, timeout = 0, ...args) {
    tellWork("timer");
    return ReflectApply(timers.setInterval, this, [handler, timeout, ...args]);
  },
  setTimeout(handler, timeout = 0, ...args) {
    tellWork("timer");
    return ReflectApply(timers.setTimeout, this, [handler, timeout, ...args]);
  },
};

/** Operations of WindowOrWorkerGlobalScope: configurable, writable, enumerable. */
export const operations = {
  atob: base64.atob,
  btoa: base64.btoa,
  clearInterval: timers.clearInterval,
  clearTimeout: timers.clearTimeout,
  fetch,
  queueMicrotask: globalThis.queueMicrotask,
  reportError: event.reportError,
  setInterval,
  setTimeout,
  structuredClone: ports.structuredClone,
};
