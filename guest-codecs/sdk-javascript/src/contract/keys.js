// `keys`: sealing with keys that the host holds.

import { randomBytes } from "node:crypto";

import { ComponentError, notGranted } from "../component_error.js";
import { Handle } from "../handle.js";
import { running } from "../instance.js";
import { copy, join } from "../values.js";
import { Buffer } from "./buffers.js";
import * as cipher from "./cipher.js";

const [SALT, COMMITMENT, NONCE] = [24, 32, 12];

// Bytes that sealing and opening count as output besides their input.
const OVERHEAD = 128;

export function seal(ring, plaintext, associated) {
  return sealWith(ring, plaintext, associated, () => copy(randomBytes(SALT)));
}

export function sealRepeatably(ring, plaintext, associated) {
  const salt = (key, body) => cipher.digest("salt", key, associated, body).subarray(0, SALT);
  return sealWith(ring, plaintext, associated, salt);
}

export function open(ring, key, data, associated) {
  const sealed = input(data);
  const secret = find(ring, key);
  const commitment = cipher.digest("commitment", secret, sealed.subarray(0, SALT));
  const found = sealed.subarray(SALT, SALT + COMMITMENT);
  if (globalThis.Buffer.compare(commitment, found) !== 0) throw mismatch();
  return opened(cipher.open("seal", secret, SALT + COMMITMENT, sealed, associated));
}

export function sealAesGcm(ring, plaintext, associated) {
  const body = input(plaintext);
  const key = current(ring);
  const nonce = copy(randomBytes(NONCE));
  const sealed = cipher.seal("aes-gcm", secretOf(ring, key), nonce, body, associated);
  return { key, data: Handle.of(Buffer, sealed) };
}

export function openAesGcm(ring, key, data, associated) {
  const sealed = input(data);
  return opened(cipher.open("aes-gcm", find(ring, key), NONCE, sealed, associated));
}

function sealWith(ring, plaintext, associated, salt) {
  const body = input(plaintext);
  const key = current(ring);
  const secret = secretOf(ring, key);
  const drawn = salt(secret, body);
  const head = join([drawn, cipher.digest("commitment", secret, drawn)]);
  return { key, data: Handle.of(Buffer, cipher.seal("seal", secret, head, body, associated)) };
}

function input(buffer) {
  const contents = Handle.value(buffer, Buffer);
  running().countOutput(contents.length + OVERHEAD);
  return contents;
}

function opened(plaintext) {
  if (!plaintext) throw mismatch();
  return Handle.of(Buffer, plaintext);
}

function mismatch() {
  const text = "sealed under another key, for another purpose, or changed since";
  return new ComponentError("malformed", text);
}

function ids(ring) {
  const found = running().grants.rings.get(ring);
  if (!found) throw notGranted("key ring", ring);
  return found;
}

/** Returns the id of a ring's current key. */
export function current(ring) {
  const [first] = ids(ring);
  if (first === undefined) throw new ComponentError("denied", "the key ring is empty");
  return first;
}

/** Returns the secret of one key of a ring. */
export function find(ring, id) {
  if (ids(ring).includes(id)) return secretOf(ring, id);
  throw new ComponentError("not-found", "no key of the ring has this payload's key id");
}

function secretOf(ring, id) {
  return cipher.digest("key", ring, id);
}
