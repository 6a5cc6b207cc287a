// A document of which nothing is but frames: what tests do with an iframe, done with openFrame(). With what came for a
// frame it is that frame's document, whose scripts it runs.
(openFrame, title, shown) => {

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
      try {
        return this.#frame?.window?.document ?? null;
      } catch {
        return null;
      }
    }
    connected() {
      this.#frame = this.#open(this.#src === "" ? "about:blank" : this.#src);
      const frame = this.#frame;
      frame.addEventListener("load", () => {
        if (this.#frame === frame) this.dispatchEvent(new Event("load"));
      });
    }
    disconnected() {
      this.#frame.close();
      this.#frame = null;
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

  const isHtml = ({ contentType }) => /^(text\/html|application\/xhtml\+xml)\b/i.test(contentType);

  async function show(shown) {
    const { text, contentType } = shown;
    const document = new LightDocument(self, openFrame, titleOf(text));
    document.contentType = contentType.split(";")[0].trim();
    document.characterSet = "UTF-8";
    const { body } = document;
    body.innerHTML = isHtml(shown) ? bodyOf(text) : text;
    body.textContent = isHtml(shown) ? textOf(body.innerHTML) : text;
    body.innerText = body.textContent;
    self.document = document;
    if (isHtml(shown)) await runScripts(text, self);
    self.dispatchEvent(new Event("load"));
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

  async function runScripts(html, window) {
    for (const [, attributes, text] of html.matchAll(SCRIPT)) {
      const address = /\bsrc\s*=\s*["']?([^"'\s>]+)/i.exec(attributes)?.[1];
      try {
        run(window, address === undefined ? text : await (await window.fetch(address)).text());
      } catch (error) {
        window.dispatchEvent(new ErrorEvent("error", { error, message: String(error) }));
      }
    }
  }

  /** For names that a window does not have: what only the page has is not there. */
  function withoutPage(window) {
    const page = new Function("return this")();
    return new Proxy(window, {
      has: (_, name) => name in page,
      get: () => undefined,
      set: (target, name, value) => Reflect.set(target, name, value),
    });
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
    const within = `with (arguments[0]) with (arguments[1]) { ${functions} ${source}\n${others} }`;
    new Function(within)(withoutPage(window), window);
  }

  return shown === undefined ? new LightDocument(self, openFrame, title) : show(shown);
}
