import assert from "node:assert/strict";
import { test } from "node:test";

import { hex, objectKey } from "../src/keys.js";

test("namespaces are one segment", () => {
  assert.equal(objectKey("a/b ü~", "00"), "v0/ns/a%2Fb%20%C3%BC%7E/d/sha256/00");
  assert.equal(objectKey("..", "00"), "v0/ns/%2E%2E/d/sha256/00");
});

test("without a namespace there is none in the key", () => {
  assert.equal(objectKey(undefined, hex(Uint8Array.of(0, 255))), "v0/d/sha256/00ff");
});
