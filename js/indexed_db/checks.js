// The checks that operations on stores, indexes and cursors begin with, in the specification's order.

import { DOMException } from "ext:landfall_platform/platform.js";

/** The first two checks of every operation. */
export function checkUsable({ store, index, lifetime, interfaceName }, prefix) {
  if (store.isDeleted || index?.isDeleted) {
    const kind = interfaceName === "IDBIndex" ? "index or its object store" : "object store";
    throw new DOMException(`${prefix}: The ${kind} has been deleted.`, "InvalidStateError");
  }
  checkActive(lifetime, prefix);
}

/** A transaction takes requests only while it is active. */
export function checkActive(lifetime, prefix) {
  if (lifetime.isActive) return;
  throw new DOMException(
    lifetime.isFinished
      ? `${prefix}: The transaction has finished.`
      : `${prefix}: The transaction is not active.`,
    "TransactionInactiveError",
  );
}

/** A read-only transaction changes nothing. */
export function checkWritable(lifetime, prefix) {
  if (lifetime.mode !== "readonly") return;
  throw new DOMException(`${prefix}: The transaction is read-only.`, "ReadOnlyError");
}

/** Schema changes need an upgrade transaction and a store that is there. */
export function checkUpgrading({ store, index, lifetime }, prefix) {
  if (lifetime.mode !== "versionchange") {
    throw new DOMException(
      `${prefix}: The database is not running a version change transaction.`,
      "InvalidStateError",
    );
  }
  if (store.isDeleted || index?.isDeleted) {
    throw new DOMException(
      `${prefix}: The object store or index has been deleted.`,
      "InvalidStateError",
    );
  }
}
