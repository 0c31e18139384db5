// `random`: randomness that the host draws at each call.

import { randomBytes } from "node:crypto";

import { running } from "../instance.js";
import { copy } from "../values.js";

export function draw(count) {
  if (count > 65_536) {
    running().end("protocol", "asked for more than 65,536 random bytes at once");
  }
  return copy(randomBytes(count));
}
