// `secrets`: what the operator lets the plugin see.

import { notGranted } from "../component_error.js";
import { running } from "../instance.js";
import { copy } from "../values.js";

export function get(name) {
  const secret = running().grants.secrets.get(name);
  if (!secret) throw notGranted("secret", name);
  return copy(secret);
}
