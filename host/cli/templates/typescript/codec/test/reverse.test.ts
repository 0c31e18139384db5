import assert from "node:assert/strict";
import { test } from "node:test";

import { pieces, reverse } from "../src/reverse.js";

function reversed(data: Uint8Array): Uint8Array {
  const parts = [...pieces(data.length)].map(([at, size]) => reverse(data.subarray(at, at + size)));
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

test("what is encoded is decoded", () => {
  for (const length of [0, 1, 65535, 65536, 65537]) {
    const data = Uint8Array.from({ length }, (_, n) => n % 251);
    assert.deepEqual(reversed(data), data.toReversed());
    assert.deepEqual(reversed(reversed(data)), data);
  }
});
