import assert from "node:assert/strict";
import { test } from "node:test";

import { KEY, bytes, keyOf, metadata } from "../src/labels.js";

test("the key that is written is read", () => {
  const written = new Map(metadata("2026-11"));
  assert.equal(keyOf(written.get(KEY)), "2026-11");
});

test("what is no key is refused", () => {
  for (const value of [undefined, bytes(""), Uint8Array.of(0xff)]) {
    assert.equal(keyOf(value), undefined);
  }
});
