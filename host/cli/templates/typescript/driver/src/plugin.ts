// A driver that stores objects in a bucket. The bytes pass from the host to the store, and never
// through the plugin.

import { open, type Bucket } from "cloakroom:plugin/blobs@0.1.1";
import type { Buffer } from "cloakroom:plugin/buffers@0.1.1";
import { get, names } from "cloakroom:plugin/settings@0.1.1";
import type { Claim, Context, Error } from "cloakroom:plugin/types@0.1.1";

import { hex, objectKey } from "./keys.js";

const LARGEST = (1n << 64n) - 1n;

/** An error that says who must act. An exception of another kind ends the instance. */
function misconfigured(val: string): Error {
  return { tag: "misconfigured", val };
}

function malformed(val: string): Error {
  return { tag: "malformed", val };
}

/** Returns the bucket, by the name that it was granted under. */
function bucket(): Bucket {
  const name = get("bucket");
  if (!name) throw misconfigured("setting `bucket` is needed: the name of a granted bucket");
  return open(name);
}

export const driver = {
  describe() {
    for (const name of names()) {
      if (name !== "bucket") {
        throw misconfigured(`there is no setting \`${name}\`; there is \`bucket\``);
      }
    }
    // Buckets can be opened when the plugin is loaded, but neither read nor written.
    bucket();
    return { kind: "{{name}}" };
  },

  store(ctx: Context, object: Buffer): Claim {
    // The same object has the same key, so a call that is repeated stores nothing twice.
    const key = objectKey(ctx.namespace(), hex(object.sha256()));
    bucket().put(key, object, "create");
    return [["key", key]];
  },

  retrieve(_ctx: Context, claim: Claim): Buffer {
    const key = new Map(claim).get("key");
    if (!key) throw malformed("the claim has no `key`");
    // The host holds the key against the grant, and checks size and digest of what comes back.
    return bucket().get(key, LARGEST);
  },
};
