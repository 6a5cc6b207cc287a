// https://w3c.github.io/IndexedDB/#idbfactory

import { webidl } from "ext:landfall_platform/platform.js";
import { onlyByHost } from "ext:landfall_platform/construct.js";
import {
  op_indexed_db_compare_keys,
  op_indexed_db_list_databases,
} from "ext:core/ops";
import { deleteDatabase } from "ext:sw_indexed_db/delete_database.js";
import { attach } from "ext:sw_indexed_db/messages.js";
import { nameFromStored } from "ext:sw_indexed_db/names.js";
import { openDatabase } from "ext:sw_indexed_db/open_database.js";
import { requireKey } from "ext:sw_indexed_db/value_to_key.js";

const toVersion = (value, prefix) =>
  webidl.converters["unsigned long long"](value, prefix, "Argument 2", { enforceRange: true });

/** Opens, deletes and lists the databases of the origin. */
export class IDBFactory {
  constructor(key = undefined) {
    onlyByHost(key, this);
  }

  open(name, version = undefined) {
    webidl.assertBranded(this, IDBFactoryPrototype);
    const prefix = "Failed to execute 'open' on 'IDBFactory'";
    webidl.requiredArguments(arguments.length, 1, prefix);
    name = webidl.converters.DOMString(name, prefix, "Argument 1");
    if (version !== undefined) version = toVersion(version, prefix);
    if (version === 0) {
      throw new TypeError(`${prefix}: The version provided must not be 0.`);
    }
    attach();
    return openDatabase(name, version);
  }

  deleteDatabase(name) {
    webidl.assertBranded(this, IDBFactoryPrototype);
    const prefix = "Failed to execute 'deleteDatabase' on 'IDBFactory'";
    webidl.requiredArguments(arguments.length, 1, prefix);
    name = webidl.converters.DOMString(name, prefix, "Argument 1");
    attach();
    return deleteDatabase(name);
  }

  async databases() {
    webidl.assertBranded(this, IDBFactoryPrototype);
    return op_indexed_db_list_databases().map(({ name, version }) => ({
      name: nameFromStored(name),
      version,
    }));
  }

  cmp(first, second) {
    webidl.assertBranded(this, IDBFactoryPrototype);
    const prefix = "Failed to execute 'cmp' on 'IDBFactory'";
    webidl.requiredArguments(arguments.length, 2, prefix);
    first = requireKey(first, prefix);
    second = requireKey(second, prefix);
    return op_indexed_db_compare_keys(first, second);
  }
}

webidl.configureInterface(IDBFactory);
const IDBFactoryPrototype = IDBFactory.prototype;
