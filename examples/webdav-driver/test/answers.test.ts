import assert from "node:assert/strict";
import { test } from "node:test";

import { failure, type Operation } from "../src/answers.js";

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
    for (const status of [301, 307, 400, 401, 403]) assert.equal(tag(operation, status), "denied");
    assert.equal(tag(operation, 413), "too-large");
  }
});

test("a missing object is not a missing folder", () => {
  for (const status of [404, 410]) assert.equal(tag("get", status), "not-found");
  for (const status of [404, 409]) assert.equal(tag("put", status), "denied");
  assert.equal(tag("mkcol", 409), "denied");
});
