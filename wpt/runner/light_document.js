// A document of which nothing is but frames: what tests do with an iframe, done with openFrame().
(openFrame, title) => {

  /** An event target with handler attributes, as elements are. */
  class Target extends EventTarget {
    constructor(...types) {
      super();
      for (const type of types) {
        let handler = null;
        this.addEventListener(type, (event) => handler?.call(this, event));
        Object.defineProperty(this, `on${type}`, {
          get: () => handler,
          set: (value) => (handler = typeof value === "function" ? value : null),
        });
      }
    }
  }

  class LightElement extends Target {
    parentNode = null;
    #attributes = new Map();

    constructor(tagName) {
      super("load", "error");
      this.tagName = tagName.toUpperCase();
      this.style = {};
    }
    setAttribute(name, value) {
      this.#attributes.set(name, String(value));
      if (name in this) this[name] = value;
    }
    getAttribute(name) {
      return this.#attributes.get(name) ?? null;
    }
    remove() {
      this.parentNode?.removeChild(this);
    }
    connected() {}
    disconnected() {}
  }

  class LightFrame extends LightElement {
    #src = "";
    #frame = null;
    #document = null;
    #open;

    constructor(open) {
      super("iframe");
      this.#open = open;
    }
    get src() {
      return this.#src === "" ? "" : new URL(this.#src, location.href).href;
    }
    set src(address) {
      this.#src = String(address);
      if (this.#frame !== null) this.#frame.navigate(this.#src);
      else if (this.parentNode !== null) this.connected();
    }
    get contentWindow() {
      return this.#frame === null ? null : this.#frame.window ?? unreachable;
    }
    get contentDocument() {
      return this.#document;
    }
    connected() {
      this.#frame = this.#open(this.#src === "" ? "about:blank" : this.#src);
      const frame = this.#frame;
      frame.addEventListener("load", async () => {
        const { window } = frame;
        this.#document = window === null ? null : documentOf(frame);
        if (window !== null && isForeign(window)) this.#document = null;
        if (window !== null) await runScripts(frame, window);
        if (this.#frame !== frame || frame.window !== window) return;
        window?.dispatchEvent(new Event("load"));
        this.dispatchEvent(new Event("load"));
      });
    }
    disconnected() {
      this.#frame.close();
      this.#frame = null;
      this.#document = null;
    }
    focus() {
      this.#frame?.focus();
    }
  }

  /** The window of a page that could not be loaded is as good as one of another origin. */
  const unreachable = new Proxy({}, {
    get(_, name) {
      if (name === "then" || typeof name === "symbol") return undefined;
      throw new DOMException("This page is of another origin.", "SecurityError");
    },
  });

  const isForeign = (window) => window.origin !== location.origin;

  class LightBody extends LightElement {
    children = [];

    appendChild(child) {
      child.remove();
      child.parentNode = this;
      this.children.push(child);
      child.connected();
      return child;
    }
    append(child) {
      this.appendChild(child);
    }
    removeChild(child) {
      const place = this.children.indexOf(child);
      if (place < 0) throw new DOMException("It is no child of this.", "NotFoundError");
      this.children.splice(place, 1);
      child.parentNode = null;
      child.disconnected();
      return child;
    }
  }

  class LightDocument extends Target {
    #open;

    constructor(view, open, title) {
      super("readystatechange", "DOMContentLoaded");
      this.defaultView = view;
      this.title = title;
      this.body = new LightBody("body");
      this.documentElement = this.body;
      this.#open = open;
    }
    get location() {
      return this.defaultView.location;
    }
    get URL() {
      return this.location.href;
    }
    createElement(tagName) {
      return String(tagName).toLowerCase() === "iframe"
        ? new LightFrame(this.#open)
        : new LightElement(tagName);
    }
    getElementsByTagName() {
      return [];
    }
    getElementById() {
      return null;
    }
  }

  const SCRIPT = /<script\b([^>]*)>([^]*?)<\/script>/gi;

  const isHtml = (frame) => /^(text\/html|application\/xhtml\+xml)\b/i.test(frame.contentType);

  function documentOf(frame) {
    const { window, text } = frame;
    const document = new LightDocument(window, (address) => window.openFrame(address), titleOf(text));
    document.contentType = frame.contentType.split(";")[0].trim();
    document.characterSet = "UTF-8";
    const shown = isHtml(frame) ? bodyOf(text) : text;
    document.body.innerHTML = shown;
    document.body.textContent = isHtml(frame) ? textOf(shown) : text;
    document.body.innerText = document.body.textContent;
    window.document = document;
    return document;
  }

  const titleOf = (html) => /<title>([^]*?)<\/title>/i.exec(html)?.[1].trim() ?? "";

  function bodyOf(html) {
    const head = /^[^]*<body\b[^>]*>|<head\b[^]*?<\/head>|<!doctype[^>]*>|<title>[^]*?<\/title>/gi;
    const body = html.replace(head, "").replace(/<\/?(body|html)\b[^>]*>/gi, "");
    return /<body\b/i.test(html) ? body : body.trimStart();
  }

  const ENTITIES = { lt: "<", gt: ">", quot: '"', amp: "&", "#x27": "'", "#39": "'" };

  const textOf = (html) =>
    html.replace(/<!--[^]*?-->|<[^>]*>/g, "")
      .replace(/&(lt|gt|quot|amp|#x27|#39);/gi, (_, name) => ENTITIES[name.toLowerCase()]);

  async function runScripts(frame, window) {
    if (!isHtml(frame)) return;
    for (const [, attributes, text] of frame.text.matchAll(SCRIPT)) {
      const address = /\bsrc\s*=\s*["']?([^"'\s>]+)/i.exec(attributes)?.[1];
      try {
        run(window, address === undefined ? text : await (await window.fetch(address)).text());
      } catch (error) {
        window.dispatchEvent(new ErrorEvent("error", { error, message: String(error) }));
      }
    }
  }

  /** Runs a script with the window as its global. What it declares at its top level belongs to the window. */
  function run(window, source) {
    const declared = (words) =>
      [...source.matchAll(new RegExp(`^(?:${words})\\s+([\\w$]+)`, "gm"))].map(([, name]) => name);
    for (const name of declared("var")) {
      if (!(name in window)) window[name] = undefined;
    }
    const give = (name) => `window[${JSON.stringify(name)}] = ${name};`;
    const functions = declared("(?:async )?function\\*?").map(give).join(" ");
    const others = declared("let|const|class").map(give).join(" ");
    new Function("window", `with (window) { ${functions} ${source}\n${others} }`)(window);
  }

  return new LightDocument(self, openFrame, title);
}
