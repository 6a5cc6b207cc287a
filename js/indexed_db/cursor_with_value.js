// https://w3c.github.io/IndexedDB/#idbcursorwithvalue

import { webidl } from "ext:landfall_platform/platform.js";
import { IDBCursor, valueAt } from "ext:sw_indexed_db/cursor.js";

/** A cursor that reads values too. */
export class IDBCursorWithValue extends IDBCursor {
  get value() {
    webidl.assertBranded(this, IDBCursorWithValuePrototype);
    return valueAt(this);
  }
}

webidl.configureInterface(IDBCursorWithValue);
const IDBCursorWithValuePrototype = IDBCursorWithValue.prototype;
