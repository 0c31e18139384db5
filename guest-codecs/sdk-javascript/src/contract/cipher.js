// A toy cipher for tests: it has the layout and the refusals of the host's, and no security.

import { createHash } from "node:crypto";

import { bytes, join } from "../values.js";

const TAG = 16;

/** Hashes the parts, each behind its length. */
export function digest(...parts) {
  const hasher = createHash("sha256");
  for (const part of parts) {
    const data = typeof part === "string" ? bytes(part) : part;
    const length = new DataView(new ArrayBuffer(8));
    length.setBigUint64(0, BigInt(data.length));
    hasher.update(new Uint8Array(length.buffer)).update(data);
  }
  return new Uint8Array(hasher.digest());
}

/** Encrypts behind `head`, which the tag authenticates. `layout` is bound, too. */
export function seal(layout, key, head, plaintext, associated) {
  const body = join([head, applyKeystream(key, head, plaintext)]);
  return join([body, digest(layout, key, associated, body).subarray(0, TAG)]);
}

/** Decrypts what `seal` wrote behind a head of `head` bytes, or returns undefined. */
export function open(layout, key, head, sealed, associated) {
  if (sealed.length < head + TAG) return undefined;
  const body = sealed.subarray(0, -TAG);
  const expected = digest(layout, key, associated, body).subarray(0, TAG);
  if (globalThis.Buffer.compare(expected, sealed.subarray(-TAG)) !== 0) return undefined;
  return applyKeystream(key, body.subarray(0, head), body.subarray(head));
}

function applyKeystream(key, head, contents) {
  const out = Uint8Array.from(contents);
  for (let at = 0; at < out.length; at += 32) {
    const stream = digest("stream", key, head, String(at));
    out.subarray(at, at + 32).forEach((byte, index) => {
      out[at + index] = byte ^ stream[index];
    });
  }
  return out;
}
