// Names of databases, stores and indexes may be any string of code units; files hold well-formed text.

/** Marks four hexadecimal digits that stand for a code unit. A noncharacter, so that real names hardly have it. */
const ESCAPE = "\uFFFF";

const TO_ESCAPE = /\p{Surrogate}|\uFFFF/gu;
const ESCAPED = /\uFFFF([0-9a-f]{4})/g;

/** @param {string} name any string @returns {string} well-formed, and different for different names */
export function storedName(name) {
  if (name.isWellFormed() && !name.includes(ESCAPE)) return name;
  return name.replace(
    TO_ESCAPE,
    (unit) => ESCAPE + unit.charCodeAt(0).toString(16).padStart(4, "0"),
  );
}

/** @param {string} stored what `storedName` made @returns {string} the name */
export function nameFromStored(stored) {
  return stored.replace(
    ESCAPED,
    (_, digits) => String.fromCharCode(parseInt(digits, 16)),
  );
}
