// A codec that has the host encrypt payloads. It never sees a key.

import { open, seal } from "cloakroom:plugin/keys@0.1.1";
import { get, names } from "cloakroom:plugin/settings@0.1.1";
import { Payload, type Context, type Error } from "cloakroom:plugin/types@0.1.1";

import { ENCODING, KEY, bytes, keyOf, metadata } from "./labels.js";

/** An error that says who must act. An exception of another kind ends the instance. */
function misconfigured(val: string): Error {
  return { tag: "misconfigured", val };
}

function malformed(val: string): Error {
  return { tag: "malformed", val };
}

/** Returns the ring of keys that the operator granted. */
function ring(): string {
  const name = get("ring");
  if (!name) throw misconfigured("setting `ring` is needed: the name of a granted ring");
  return name;
}

export const codec = {
  describe() {
    for (const name of names()) {
      if (name !== "ring") throw misconfigured(`there is no setting \`${name}\`; there is \`ring\``);
    }
    ring();
    return { encodings: [ENCODING], purpose: "encryption" };
  },

  encode(_ctx: Context, payload: Payload): Payload | undefined {
    // The host draws fresh randomness for each call, so equal payloads give different bytes.
    const sealed = seal(ring(), payload.envelope(), bytes(ENCODING));
    return new Payload(metadata(sealed.key), sealed.data);
  },

  decode(_ctx: Context, payload: Payload): Payload {
    const key = keyOf(payload.get(KEY));
    if (key === undefined) throw malformed(`metadata \`${KEY}\` is not a key's id`);
    // The host refuses bytes that were changed, or sealed with other associated bytes.
    return Payload.fromEnvelope(open(ring(), key, payload.data(), bytes(ENCODING)));
  },
};
