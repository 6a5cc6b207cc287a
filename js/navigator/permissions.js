// Permissions: what the origin may do.

import { HOST, onlyByHost } from "ext:landfall_platform/construct.js";
import { defineEventHandler, event, fire, webidl } from "ext:landfall_platform/platform.js";
import { op_permissions_query } from "ext:core/ops";

/** https://w3c.github.io/permissions/#dom-permissiondescriptor */
const convertPermissionDescriptor = webidl.createDictionaryConverter("PermissionDescriptor", [
  { key: "name", required: true, converter: webidl.converters.DOMString },
]);

/**
 * What the host knows a permission as. Push messages are there to be shown: as in browsers, one permission is for both.
 * https://w3c.github.io/push-api/#permission-integration
 */
const nameForHost = (name) => name === "push" ? "notifications" : name;

/** Name to object. Differs from the spec: one for each name and scope, so that nobody has to know who still listens. */
const statuses = new Map();

/** @type {(status: PermissionStatus, state: string) => boolean} whether that was news */
let setState;

/** https://w3c.github.io/permissions/#permissionstatus-interface */
export class PermissionStatus extends event.EventTarget {
  #name;
  #state;

  static {
    setState = (status, state) => {
      const before = status.#state;
      status.#state = state;
      return state !== before;
    };
  }

  constructor(key = undefined, name = "") {
    super();
    onlyByHost(key, this);
    this.#name = name;
  }

  get name() {
    webidl.assertBranded(this, PermissionStatusPrototype);
    return this.#name;
  }

  get state() {
    webidl.assertBranded(this, PermissionStatusPrototype);
    return this.#state;
  }
}
webidl.configureInterface(PermissionStatus);
const PermissionStatusPrototype = PermissionStatus.prototype;
defineEventHandler(PermissionStatusPrototype, "change");

/** https://w3c.github.io/permissions/#permissions-interface */
export class Permissions {
  constructor(key = undefined) {
    onlyByHost(key, this);
  }

  async query(descriptor) {
    webidl.assertBranded(this, PermissionsPrototype);
    const prefix = "Failed to execute 'query' on 'Permissions'";
    webidl.requiredArguments(arguments.length, 1, prefix);
    const { name } = convertPermissionDescriptor(descriptor, prefix, "Argument 1");
    // Everything that an origin stores is kept.
    const state = name === "persistent-storage"
      ? "granted"
      : await op_permissions_query(nameForHost(name));
    let status = statuses.get(name);
    if (status === undefined) {
      status = new PermissionStatus(HOST, name);
      statuses.set(name, status);
    }
    setState(status, state);
    return status;
  }
}
webidl.configureInterface(Permissions);
const PermissionsPrototype = Permissions.prototype;

/** The host says that a permission has another state. */
export function changePermission({ name, state }) {
  for (const [known, status] of statuses) {
    const isNews = nameForHost(known) === name && setState(status, state);
    if (isNews) fire(status, new event.Event("change"));
  }
}
