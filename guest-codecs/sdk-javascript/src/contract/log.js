// `log`: lines for the operator.

import { running } from "../instance.js";
import { bytes } from "../values.js";

export function write(level, message) {
  const instance = running();
  instance.countLog(bytes(message).length);
  instance.grants.log.push([level, message]);
}
