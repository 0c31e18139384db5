// Tests of the whole codec, on stand-ins for its host.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Host, payload } from "#cloakroom-testing";

const plugin = new URL("../src/plugin.js", import.meta.url);

test("what is encoded is decoded", async () => {
  const codec = await new Host().codec(plugin);
  for (const data of [new Uint8Array(), payload("coat").data, new Uint8Array(200_000)]) {
    const encoded = codec.encode(payload(data));
    assert.ok(encoded);
    assert.equal(new TextDecoder().decode(encoded.metadata.encoding), "binary/{{name}}");
    assert.deepEqual(codec.decode(encoded), payload(data));
  }
});

test("small payloads are left, and large ones refused", async () => {
  const codec = await new Host({ settings: { least: "1000" } }).codec(plugin);
  assert.equal(codec.encode(payload("coat")), undefined);
  assert.throws(() => codec.encode(payload(new Uint8Array(9 << 20))), { tag: "too-large" });
});

test("wrong settings are refused", async () => {
  const wrong: Record<string, string>[] = [{ leest: "1" }, { least: "many" }];
  for (const settings of wrong) {
    await assert.rejects(new Host({ settings }).codec(plugin), { tag: "misconfigured" });
  }
});
