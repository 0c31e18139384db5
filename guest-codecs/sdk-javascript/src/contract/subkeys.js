// `subkeys`: bytes derived from the host's keys.

import { running } from "../instance.js";
import { join } from "../values.js";
import { digest } from "./cipher.js";
import { current, find } from "./keys.js";

// Most bytes of a subkey and of a salt.
const LONGEST = 64;

export function derive(ring, id, purpose, salt, length) {
  if (length > LONGEST || salt.length > LONGEST) {
    running().end("protocol", "asked for a subkey, or with a salt, of over 64 bytes");
  }
  const key = id ?? current(ring);
  const secret = find(ring, key);
  // Two hashes of 32 bytes make the 64 that the contract allows.
  const halves = ["0", "1"].map((half) => digest("subkey", secret, purpose, salt, half));
  return { id: key, bytes: join(halves).slice(0, length) };
}
