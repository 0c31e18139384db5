import assert from "node:assert/strict";
import { test } from "node:test";

import { folders, hex, objectKey, objectPath } from "../src/keys.js";

const DIGEST = "0f".repeat(32);

test("namespaces are one segment of the key and of the path", () => {
  const key = objectKey("a/b ü~'", DIGEST);
  assert.equal(key, `v0/ns/a%2Fb%20%C3%BC%7E%27/d/sha256/${DIGEST}`);
  assert.equal(objectPath(key), `v0/ns/a=2Fb=20=C3=BC=7E=27/d/sha256/${DIGEST}`);
  for (const name of [".", "..", "...", "=", "%2e", "\n", "\u{1F9E5}"]) {
    assert.ok(objectPath(objectKey(name, DIGEST)), name);
  }
  assert.equal(objectPath(objectKey("..", DIGEST)), `v0/ns/=2E=2E/d/sha256/${DIGEST}`);
});

test("without a namespace there is none in the key", () => {
  assert.equal(objectKey(undefined, DIGEST), `v0/d/sha256/${DIGEST}`);
  assert.equal(objectKey("", DIGEST), `v0/d/sha256/${DIGEST}`);
});

test("keys of others have no path", () => {
  for (const key of [
    "",
    `/v0/d/sha256/${DIGEST}`,
    `../v0/d/sha256/${DIGEST}`,
    `v0/ns/../d/sha256/${DIGEST}`,
    `v0/ns/a/b/d/sha256/${DIGEST}`,
    `v0/ns/a=2F/d/sha256/${DIGEST}`,
    `v0/ns/ü/d/sha256/${DIGEST}`,
    `v0/d/sha256/${DIGEST}\n`,
    `v0/d/sha256/${DIGEST.slice(1)}`,
    `v0/d/sha256/${DIGEST.toUpperCase()}`,
    "x".repeat(100_000),
  ]) {
    assert.equal(objectPath(key), undefined, key.slice(0, 100));
  }
});

test("folders come before what is in them", () => {
  assert.deepEqual(folders("v0/d/x"), ["v0", "v0/d"]);
  assert.equal(hex(Uint8Array.of(0, 255)), "00ff");
});
