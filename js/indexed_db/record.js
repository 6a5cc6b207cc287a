// https://w3c.github.io/IndexedDB/#idbrecord

import { webidl } from "ext:landfall_platform/platform.js";
import { HOST, onlyByHost } from "ext:landfall_platform/construct.js";

/** One record as `getAllRecords` gives it. */
export class IDBRecord {
  #key;
  #primaryKey;
  #value;

  constructor(key = undefined, record = undefined) {
    onlyByHost(key, this);
    [this.#key, this.#primaryKey, this.#value] = record;
  }

  get key() {
    webidl.assertBranded(this, IDBRecordPrototype);
    return this.#key;
  }

  get primaryKey() {
    webidl.assertBranded(this, IDBRecordPrototype);
    return this.#primaryKey;
  }

  get value() {
    webidl.assertBranded(this, IDBRecordPrototype);
    return this.#value;
  }
}

webidl.configureInterface(IDBRecord);
const IDBRecordPrototype = IDBRecord.prototype;

/**
 * @param {unknown[]} flat key, primary key, value, and so on
 * @returns {IDBRecord[]}
 */
export function toRecords(flat) {
  const records = [];
  for (let i = 0; i < flat.length; i += 3) {
    records.push(new IDBRecord(HOST, [flat[i], flat[i + 1], flat[i + 2]]));
  }
  return records;
}
