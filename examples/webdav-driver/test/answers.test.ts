import assert from "node:assert/strict";
import { test } from "node:test";

import { failure, isFolderMissing, type Operation } from "../src/answers.js";

function tag(operation: Operation, status: number): string {
  return failure(operation, status)?.tag ?? "success";
}

test("only the statuses of WebDAV are successes", () => {
  for (const status of [200, 201, 204]) assert.equal(tag("put", status), "success");
  for (const status of [200, 201, 405]) assert.equal(tag("mkcol", status), "success");
  assert.equal(tag("get", 200), "success");
  // A part of an object, or none, is no object.
  for (const status of [201, 202, 204, 206, 207]) assert.equal(tag("get", status), "other");
  assert.equal(tag("put", 202), "other");
});

test("only what may pass by itself is tried again", () => {
  for (const operation of ["put", "mkcol", "get"] as const) {
    for (const status of [408, 423, 425, 429, 500, 502, 503, 507]) {
      assert.equal(tag(operation, status), "unavailable");
    }
    for (const status of [301, 307, 401, 403]) assert.equal(tag(operation, status), "denied");
    for (const status of [400, 409, 412]) assert.equal(tag(operation, status), "other");
    assert.equal(tag(operation, 413), "too-large");
  }
});

test("a missing folder is none that the service refuses to make", () => {
  for (const operation of ["put", "mkcol", "get"] as const) {
    for (const status of [404, 410]) assert.equal(tag(operation, status), "not-found");
  }
  assert.deepEqual([404, 409, 405].map(isFolderMissing), [true, true, false]);
});
