// `http`: requests to services that the operator named.

import { ComponentError, notGranted } from "../component_error.js";
import { Handle } from "../handle.js";
import { running } from "../instance.js";
import { copy } from "../values.js";
import { Buffer } from "./buffers.js";
import { check } from "./http_rules.js";

/** One service, within its grant. */
export class Service extends Handle {
  constructor() {
    throw new TypeError("`open` returns a Service");
  }

  request(method, path, headers, body, limit) {
    const handler = Handle.value(this, Service);
    const sent = body === undefined ? new Uint8Array() : copy(Handle.value(body, Buffer));
    if (running().describing) {
      throw new ComponentError("denied", "services cannot be used while loading");
    }
    check(method, path, headers);
    const answer = handler({ method, path, headers, body: sent });
    const contents = copy(answer.body ?? []);
    if (BigInt(contents.length) > limit) {
      throw new ComponentError("too-large", `the response is larger than ${limit} bytes`);
    }
    running().countOutput(contents.length);
    const lower = (answer.headers ?? []).map(([name, value]) => [name.toLowerCase(), value]);
    return { status: answer.status, headers: lower, body: Handle.of(Buffer, contents) };
  }
}

export function open(name) {
  const handler = running().grants.services.get(name);
  if (!handler) throw notGranted("service", name);
  return Handle.of(Service, handler);
}
