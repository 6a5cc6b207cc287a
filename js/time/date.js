// The present moment by the host's clock, for everything in the language that asks for it.
// Each function keeps its identity card: a proxy has the name, length, prototype and native look of what it stands for.

import { primordials } from "ext:core/mod.js";
import { op_time_now } from "ext:core/ops";

const {
  Date: SystemDate,
  DatePrototypeToString,
  ObjectDefineProperty,
  ObjectGetOwnPropertyDescriptor,
  Proxy,
  ReflectApply,
  ReflectConstruct,
  SafeWeakMap,
  WeakMapPrototypeGet,
  WeakMapPrototypeSet,
} = primordials;

/** Date with the host's idea of now. */
export const HostDate = new Proxy(SystemDate, {
  __proto__: null,
  apply: () => DatePrototypeToString(new SystemDate(op_time_now())),
  construct: (target, args, newTarget) =>
    ReflectConstruct(target, args.length === 0 ? [op_time_now()] : args, newTarget),
});

/** Puts `apply` in the place of a method, or of the getter of an attribute. */
function replace(object, name, apply) {
  const descriptor = ObjectGetOwnPropertyDescriptor(object, name);
  const key = descriptor.get === undefined ? "value" : "get";
  descriptor[key] = new Proxy(descriptor[key], { __proto__: null, apply });
  ObjectDefineProperty(object, name, descriptor);
}

/** Makes the scope's Date, Temporal and Intl tell the time of the host's clock. */
export function useHostDate() {
  replace(SystemDate, "now", () => op_time_now());
  for (const [object, name] of [[globalThis, "Date"], [SystemDate.prototype, "constructor"]]) {
    ObjectDefineProperty(object, name, {
      ...ObjectGetOwnPropertyDescriptor(object, name),
      value: HostDate,
    });
  }
  replaceIntl(Intl.DateTimeFormat.prototype);
  if (globalThis.Temporal !== undefined) replaceTemporal(globalThis.Temporal);
}

/** https://tc39.es/ecma402/#sec-datetime-format-functions: no date means now. */
function replaceIntl(prototype) {
  const withNow = (format, receiver, [date, ...rest]) =>
    ReflectApply(format, receiver, [date === undefined ? op_time_now() : date, ...rest]);
  replace(prototype, "formatToParts", withNow);
  const bound = new SafeWeakMap();
  replace(prototype, "format", (getFormat, receiver) => {
    const format = ReflectApply(getFormat, receiver, []);
    if (WeakMapPrototypeGet(bound, format) === undefined) {
      WeakMapPrototypeSet(bound, format, new Proxy(format, { __proto__: null, apply: withNow }));
    }
    return WeakMapPrototypeGet(bound, format);
  });
}

/** https://tc39.es/proposal-temporal/#sec-temporal-now-object */
function replaceTemporal({ Instant, Now }) {
  const instant = () => Instant.fromEpochMilliseconds(op_time_now());
  const zoned = (zone = Now.timeZoneId()) => instant().toZonedDateTimeISO(zone);
  replace(Now, "instant", instant);
  replace(Now, "zonedDateTimeISO", (_, __, [zone]) => zoned(zone));
  replace(Now, "plainDateTimeISO", (_, __, [zone]) => zoned(zone).toPlainDateTime());
  replace(Now, "plainDateISO", (_, __, [zone]) => zoned(zone).toPlainDate());
  replace(Now, "plainTimeISO", (_, __, [zone]) => zoned(zone).toPlainTime());
}
