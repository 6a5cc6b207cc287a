// The console: Deno's formatting, our sink.

import { consoleScript } from "ext:landfall_platform/platform.js";
import { op_scope_print } from "ext:core/ops";

consoleScript.setNoColorFns(() => true, () => true);

/** https://console.spec.whatwg.org/ */
export const console = new consoleScript.Console((text, level) =>
  op_scope_print(text, level)
);
