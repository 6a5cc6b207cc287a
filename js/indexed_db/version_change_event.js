// https://w3c.github.io/IndexedDB/#idbversionchangeevent

import { event, webidl } from "ext:landfall_platform/platform.js";

const convertInit = webidl.createDictionaryConverter(
  "IDBVersionChangeEventInit",
  [
    { key: "bubbles", converter: webidl.converters.boolean, defaultValue: false },
    { key: "cancelable", converter: webidl.converters.boolean, defaultValue: false },
    { key: "composed", converter: webidl.converters.boolean, defaultValue: false },
  ],
  [
    {
      key: "newVersion",
      converter: webidl.createNullableConverter(
        webidl.converters["unsigned long long"],
      ),
      defaultValue: null,
    },
    {
      key: "oldVersion",
      converter: webidl.converters["unsigned long long"],
      defaultValue: 0,
    },
  ],
);

/** Tells of a database that has, or is to have, another version. */
export class IDBVersionChangeEvent extends event.Event {
  #oldVersion;
  #newVersion;

  constructor(type, init = undefined) {
    const prefix = "Failed to construct 'IDBVersionChangeEvent'";
    webidl.requiredArguments(arguments.length, 1, prefix);
    init = convertInit(init, prefix, "Argument 2");
    super(type, init);
    this[webidl.brand] = webidl.brand;
    this.#oldVersion = init.oldVersion;
    this.#newVersion = init.newVersion;
  }

  get oldVersion() {
    webidl.assertBranded(this, IDBVersionChangeEventPrototype);
    return this.#oldVersion;
  }

  get newVersion() {
    webidl.assertBranded(this, IDBVersionChangeEventPrototype);
    return this.#newVersion;
  }
}

webidl.configureInterface(IDBVersionChangeEvent);
const IDBVersionChangeEventPrototype = IDBVersionChangeEvent.prototype;
