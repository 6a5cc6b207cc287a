// What is to be shown of a background fetch, as a script says it.

import { location, url, webidl } from "ext:landfall_platform/platform.js";

/** https://www.w3.org/TR/image-resource/#dom-imageresource */
const convertImageResource = webidl.createDictionaryConverter("ImageResource", [
  { key: "label", defaultValue: "", converter: webidl.converters.DOMString },
  { key: "sizes", defaultValue: "", converter: webidl.converters.DOMString },
  { key: "src", required: true, converter: webidl.converters.USVString },
  { key: "type", defaultValue: "", converter: webidl.converters.DOMString },
]);

/** https://wicg.github.io/background-fetch/#dictdef-backgroundfetchuioptions */
export const uiOptions = [
  { key: "icons", converter: webidl.createSequenceConverter(convertImageResource) },
  { key: "title", converter: webidl.converters.DOMString },
];

export const convertUiOptions = webidl.createDictionaryConverter(
  "BackgroundFetchUIOptions",
  uiOptions,
);

/**
 * @param {{ icons?: object[], title?: string }} options
 * @returns {object} `UiOptions` in Rust, with addresses resolved where they can be
 */
export function uiToNative({ icons, title }) {
  const base = location.getLocationHref();
  const resolved = icons?.map((icon) => ({
    ...icon,
    src: url.URL.parse(icon.src, base)?.href ?? icon.src,
  }));
  return { title: title ?? null, icons: resolved ?? null };
}
