// A service worker that treats each `sync` and `periodicsync` event as the first word of its tag says, and tells every
// page of the event before it does so. What it tells it also writes down, for pages that come later.

"use strict";

/** The settings of the promises of "hold" tags, by tag. */
const held = new Map();

const hold = (tag) => new Promise((fulfil, reject) => held.set(tag, { fulfil, reject }));

const fail = () => {
  throw new Error("as the tag says");
};

/** What each first word does with an event; `told` is the promise that the pages know of it. */
const MANNERS = {
  ok: (event, told) => event.waitUntil(told),
  fail: (event, told) => event.waitUntil(told.then(fail)),
  hold: (event, told) => event.waitUntil(Promise.all([told, hold(event.tag)])),
  silent: () => {},
  throw: fail,
  "throw-but-wait": (event, told) => {
    event.waitUntil(told);
    fail();
  },
  mixed: (event, told) => {
    event.waitUntil(told.then(fail));
    event.waitUntil(hold(event.tag));
  },
  register: (event, told) => event.waitUntil(told.then(() => registerRest(event))),
};

/** How many events there were since the start of this worker. */
let count = 0;

for (const type of ["sync", "periodicsync"]) {
  addEventListener(type, (event) => {
    const [manner] = event.tag.split(" ", 1);
    const { tag, lastChance } = event;
    const fact = { type, tag, lastChance, number: ++count, script: location.href, traits: traits(event) };
    const told = tell(fact);
    (MANNERS[manner] ?? MANNERS.ok)(event, told);
  });
}

/** What every event of its kind has in common. */
function traits(event) {
  return {
    isTrusted: event.isTrusted,
    bubbles: event.bubbles,
    cancelable: event.cancelable,
    isAtGlobal: event.target === self && event.currentTarget === self && event.eventPhase === Event.AT_TARGET,
    interface: Object.prototype.toString.call(event),
    isExtendable: event instanceof ExtendableEvent,
    hasLastChance: "lastChance" in event,
  };
}

/** Registers the tag that follows the word "register" and tells how that went. */
async function registerRest(event) {
  const result = await registration.sync.register(event.tag.slice("register ".length)).then(
    () => "registered",
    (error) => error.name,
  );
  await tell({ type: "result", tag: event.tag, result });
}

async function tell(fact) {
  const log = await caches.open("log");
  const address = `${registration.scope}log?${Date.now()}-${Math.random()}`;
  await log.put(address, new Response(JSON.stringify(fact)));
  for (const client of await clients.matchAll({ includeUncontrolled: true })) {
    client.postMessage({ scope: registration.scope, fact });
  }
}

const COMMANDS = {
  /** Ends the event of a "hold" tag: how is "fulfil" or "reject". */
  settle: ({ tag, how }) => held.get(tag)[how](),

  /** Runs a function of the page's, given as source text, in this scope. */
  run: ({ source, values }) => (0, eval)(`(${source})`)(...values),
};

addEventListener("message", (event) => {
  const { command, ...parameters } = event.data;
  const answer = async () => {
    try {
      event.ports[0].postMessage({ value: await COMMANDS[command](parameters) });
    } catch ({ name, message }) {
      event.ports[0].postMessage({ error: { name, message } });
    }
  };
  event.waitUntil(answer());
});

addEventListener("install", () => skipWaiting());
