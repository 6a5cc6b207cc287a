// What IndexedDB puts on a global: its interfaces, and the factory behind `indexedDB`.

import { HOST } from "ext:landfall_platform/construct.js";
import { IDBFactory } from "ext:sw_indexed_db/factory.js";
export { IDBCursor } from "ext:sw_indexed_db/cursor.js";
export { IDBCursorWithValue } from "ext:sw_indexed_db/cursor_with_value.js";
export { IDBDatabase } from "ext:sw_indexed_db/database.js";
export { DOMStringList } from "ext:sw_indexed_db/dom_string_list.js";
export { IDBIndex } from "ext:sw_indexed_db/index.js";
export { IDBKeyRange } from "ext:sw_indexed_db/key_range.js";
export { IDBObjectStore } from "ext:sw_indexed_db/object_store.js";
export { IDBOpenDBRequest } from "ext:sw_indexed_db/open_request.js";
export { IDBRecord } from "ext:sw_indexed_db/record.js";
export { IDBRequest } from "ext:sw_indexed_db/request.js";
export { IDBTransaction } from "ext:sw_indexed_db/transaction.js";
export { IDBVersionChangeEvent } from "ext:sw_indexed_db/version_change_event.js";

export { IDBFactory };

/** The one factory of a scope. */
export const indexedDB = new IDBFactory(HOST);
