// What IndexedDB puts on a global: its interfaces, and the factory behind `indexedDB`.

import { HOST } from "ext:landfall_platform/construct.js";
import { IDBCursor } from "ext:sw_indexed_db/cursor.js";
import { IDBCursorWithValue } from "ext:sw_indexed_db/cursor_with_value.js";
import { IDBDatabase } from "ext:sw_indexed_db/database.js";
import { DOMStringList } from "ext:sw_indexed_db/dom_string_list.js";
import { IDBFactory } from "ext:sw_indexed_db/factory.js";
import { IDBIndex } from "ext:sw_indexed_db/index.js";
import { IDBKeyRange } from "ext:sw_indexed_db/key_range.js";
import { IDBObjectStore } from "ext:sw_indexed_db/object_store.js";
import { IDBOpenDBRequest } from "ext:sw_indexed_db/open_request.js";
import { IDBRecord } from "ext:sw_indexed_db/record.js";
import { IDBRequest } from "ext:sw_indexed_db/request.js";
import { IDBTransaction } from "ext:sw_indexed_db/transaction.js";
import { IDBVersionChangeEvent } from "ext:sw_indexed_db/version_change_event.js";

/** The one factory of a scope. */
export const indexedDB = new IDBFactory(HOST);

/** Interface objects: configurable, writable, not enumerable. */
export const interfaces = {
  DOMStringList,
  IDBCursor,
  IDBCursorWithValue,
  IDBDatabase,
  IDBFactory,
  IDBIndex,
  IDBKeyRange,
  IDBObjectStore,
  IDBOpenDBRequest,
  IDBRecord,
  IDBRequest,
  IDBTransaction,
  IDBVersionChangeEvent,
};
