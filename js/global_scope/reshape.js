// Gives objects that exist once a shape of their own, while the snapshot is made.
//
// An object has another shape (a "map") for each property that it is given, and V8 keeps them all for as long as the
// last one is used. What has lost a property forgets them, and V8 can then be asked to make its properties fast again.
(specifiers) => {
  const { core } = globalThis.__bootstrap;
  const hasFastProperties = new Function("object", "return %HasFastProperties(object)");
  const makeFast = new Function("object", "%ToFastProperties(object)");
  const [first, second] = [Symbol(), Symbol()];

  const isPlain = (value) =>
    typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;

  const reshape = (object) => {
    object[first] = object[second] = undefined;
    delete object[first];
    delete object[second];
    makeFast(object);
  };

  for (const specifier of specifiers) {
    const exports = core.loadExtScript(specifier);
    if (!isPlain(exports)) continue;
    const members = Object.values(Object.getOwnPropertyDescriptors(exports)).map(({ value }) => value);
    for (const object of [exports, ...members.filter(isPlain)]) {
      // Small objects may share their shape with others.
      if (Object.keys(object).length > 3 && Object.isExtensible(object) && hasFastProperties(object)) reshape(object);
    }
  }
};
