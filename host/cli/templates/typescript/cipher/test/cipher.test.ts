// Tests of the whole codec, on stand-ins for its host.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Host, payload } from "#cloakroom-testing";

const plugin = new URL("../src/plugin.js", import.meta.url);
const settings = { ring: "main" };

async function cipher() {
  const host = new Host({ settings, rings: { main: ["key-1"] } });
  const codec = await host.codec(plugin);
  const encrypted = codec.encode(payload("coat"));
  assert.ok(encrypted);
  return { host, codec, encrypted };
}

test("what is encrypted is decrypted", async () => {
  const { host, codec, encrypted } = await cipher();
  // An older key still opens.
  host.rotate("main", ["key-2", "key-1"]);
  assert.deepEqual(codec.decode(encrypted), payload("coat"));
});

test("equal payloads differ", async () => {
  const { codec, encrypted } = await cipher();
  assert.notDeepEqual(codec.encode(payload("coat")), encrypted);
});

test("changed bytes are refused", async () => {
  const { codec, encrypted } = await cipher();
  encrypted.data = encrypted.data.map((byte, at) => (at === 0 ? byte ^ 1 : byte));
  assert.throws(() => codec.decode(encrypted), { tag: "malformed" });
});

test("a ring must be granted", async () => {
  const codec = await new Host({ settings }).codec(plugin);
  assert.throws(() => codec.encode(payload("coat")), { tag: "denied" });
});
