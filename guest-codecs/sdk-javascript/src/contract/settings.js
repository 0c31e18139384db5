// `settings`: the plugin's own settings.

import { running } from "../instance.js";
import { byBytes } from "../values.js";

export function get(name) {
  return running().grants.settings.get(name);
}

export function names() {
  return [...running().grants.settings.keys()].sort(byBytes);
}
