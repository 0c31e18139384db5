// Tests of the whole driver, on stand-ins for its host.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Host, payload } from "#cloakroom-testing";

const plugin = new URL("../src/plugin.js", import.meta.url);
const settings = { bucket: "b" };
const object = payload("object").data;

test("what is stored is retrieved", async () => {
  const host = new Host({ settings, buckets: { b: "payloads" } });
  const driver = await host.driver(plugin);
  const target = { namespace: "payments" };
  const claim = driver.store(object, target);
  assert.deepEqual(driver.store(object, target), claim);
  assert.deepEqual([...host.objects("b").keys()], [claim.key]);
  assert.deepEqual(driver.retrieve(claim, target), object);
});

test("what is missing is said", async () => {
  const driver = await new Host({ settings, buckets: { b: "payloads" } }).driver(plugin);
  assert.throws(() => driver.retrieve({}), { tag: "malformed" });
  assert.throws(() => driver.retrieve({ key: "v0/none" }), { tag: "not-found" });
});

test("a bucket must be granted", async () => {
  await assert.rejects(new Host({ settings }).driver(plugin), { tag: "denied" });
});
