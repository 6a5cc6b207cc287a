// Geometry and ImageData: Deno has the interfaces, here is what their [Serializable] asks for.

import { core, primordials } from "ext:landfall_platform/platform.js";
import { ImageData } from "ext:deno_web/16_image_data.js";
import {
  DOMMatrix,
  DOMMatrixReadOnly,
  DOMPoint,
  DOMPointReadOnly,
  DOMQuad,
  DOMRect,
  DOMRectReadOnly,
} from "ext:deno_web/17_geometry.js";

export { DOMMatrix, DOMMatrixReadOnly, DOMPoint, DOMPointReadOnly, DOMQuad, DOMRect, DOMRectReadOnly, ImageData };

const { SafeArrayIterator } = primordials;

/** Name of an interface to what makes an object of it from plain data. */
export const deserializers = {};

/**
 * https://html.spec.whatwg.org/#serializable-objects
 *
 * @param {Function} Interface
 * @param {(instance: object) => object} serialize plain data
 * @param {(data: object) => object} deserialize
 */
function makeSerializable(Interface, serialize, deserialize) {
  const type = Interface.name;
  Object.defineProperty(Interface.prototype, core.hostObjectBrand, {
    __proto__: null,
    // Loading it may have failed half way.
    configurable: true,
    value() {
      return { ...serialize(this), type };
    },
  });
  deserializers[type] = deserialize;
}

const readPoint = ({ x, y, z, w }) => ({ x, y, z, w });
const readRect = ({ x, y, width, height }) => ({ x, y, width, height });
const readQuad = ({ p1, p2, p3, p4 }) => ({ points: [p1, p2, p3, p4].map(readPoint) });

function readImage({ data, width, height, colorSpace, pixelFormat }) {
  return { data, width, height, settings: { colorSpace, pixelFormat } };
}

function readMatrix(matrix) {
  const { is2D, a, b, c, d, e, f } = matrix;
  return { numbers: is2D ? [a, b, c, d, e, f] : [...matrix.toFloat64Array()] };
}

for (const Point of new SafeArrayIterator([DOMPointReadOnly, DOMPoint])) {
  makeSerializable(Point, readPoint, ({ x, y, z, w }) => new Point(x, y, z, w));
}
for (const Rect of new SafeArrayIterator([DOMRectReadOnly, DOMRect])) {
  makeSerializable(Rect, readRect, ({ x, y, width, height }) => new Rect(x, y, width, height));
}
for (const Matrix of new SafeArrayIterator([DOMMatrixReadOnly, DOMMatrix])) {
  makeSerializable(Matrix, readMatrix, ({ numbers }) => new Matrix(numbers));
}
makeSerializable(DOMQuad, readQuad, ({ points }) => new DOMQuad(...points));
makeSerializable(
  ImageData,
  readImage,
  ({ data, width, height, settings }) => new ImageData(data, width, height, settings),
);
