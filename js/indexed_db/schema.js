// The object stores and indexes of one connection, as plain data that its handles share.
// An upgrade changes them at once; when it aborts they go back to what they were.

import { nameFromStored } from "ext:sw_indexed_db/names.js";

/**
 * @typedef {object} IndexSchema
 * @property {number} id
 * @property {string} name
 * @property {string | string[]} keyPath
 * @property {boolean} unique
 * @property {boolean} multiEntry
 * @property {boolean} isDeleted
 *
 * @typedef {object} StoreSchema
 * @property {number} id
 * @property {string} name
 * @property {string | string[] | null} keyPath
 * @property {boolean} autoIncrement
 * @property {Map<string, IndexSchema>} indexes
 * @property {boolean} isDeleted
 */

const byName = (members) => new Map(members.map((member) => [member.name, member]));

/**
 * @param {object[]} stores what the op tells of them
 * @returns {Map<string, StoreSchema>} by name
 */
export function readSchema(stores) {
  return byName(stores.map((store) => ({
    ...store,
    name: nameFromStored(store.name),
    indexes: byName(store.indexes.map((index) => ({
      ...index,
      name: nameFromStored(index.name),
      isDeleted: false,
    }))),
    isDeleted: false,
  })));
}

/** @param {Map<string, StoreSchema>} stores @returns {number} larger than every number of a store or index in it */
export function firstFreeId(stores) {
  let largest = 0;
  for (const store of stores.values()) {
    largest = Math.max(largest, store.id);
    for (const index of store.indexes.values()) {
      largest = Math.max(largest, index.id);
    }
  }
  return largest + 1;
}

/**
 * Remembers the stores before an upgrade.
 *
 * @param {Map<string, StoreSchema>} stores
 * @returns {() => Map<string, StoreSchema>} puts everything back and gives the stores of then
 */
export function remember(stores) {
  const kept = [...stores.values()].map((store) => ({
    store,
    name: store.name,
    indexes: [...store.indexes.values()].map((index) => ({ index, name: index.name })),
  }));
  return () =>
    byName(kept.map(({ store, name, indexes }) => {
      store.name = name;
      store.isDeleted = false;
      store.indexes = byName(indexes.map(({ index, name }) => {
        index.name = name;
        index.isDeleted = false;
        return index;
      }));
      return store;
    }));
}

/** Gives a member of a map another name. */
export function rename(members, member, name) {
  members.delete(member.name);
  member.name = name;
  members.set(name, member);
}
