// A driver that stores objects on a WebDAV server. The host sends the requests and adds the token: the
// plugin sees neither the token nor the address, and the bytes never pass through it.

import type { Buffer } from "cloakroom:plugin/buffers@0.1.1";
import { open, type Headers, type Response, type Service } from "cloakroom:plugin/http@0.1.1";
import { get } from "cloakroom:plugin/settings@0.1.1";
import type { Claim, Context } from "cloakroom:plugin/types@0.1.1";

import { failure, isFolderMissing, type Operation } from "./answers.js";
import { folders, hex, objectKey, objectPath } from "./keys.js";

export { about } from "./about.js";

const BODY: Headers = [["content-type", "application/octet-stream"]];

// The host reads no more than the size of the object.
const LARGEST = (1n << 64n) - 1n;

// Answers whose body nobody reads, such as the page that explains an error.
const SMALL = 64n << 10n;

/** Returns the service, by the name that it was granted under. */
function service(): Service {
  return open(get("service") ?? "");
}

/** Throws the error of an answer that is no success. */
function check(operation: Operation, answer: Response): Response {
  const error = failure(operation, answer.status);
  if (error) throw error;
  return answer;
}

/** Makes the folders of a path. */
function makeFolders(service: Service, path: string): void {
  for (const folder of folders(path)) check("mkcol", mkcol(service, folder));
}

function mkcol(service: Service, folder: string): Response {
  return service.request("MKCOL", folder, [], undefined, SMALL);
}

/** Writes an object. One that is there is replaced by the same bytes, which mends a damaged one. */
function put(service: Service, path: string, object: Buffer): void {
  const send = () => service.request("PUT", path, BODY, object, SMALL);
  // A server may end the connection instead of reading a large body that it refuses, and then no status
  // arrives. So the folder of a large object is asked for first.
  const folder = folders(path).at(-1);
  if (folder && object.length() > SMALL && isFolderMissing(mkcol(service, folder).status)) {
    makeFolders(service, path);
  }
  let answer = send();
  if (isFolderMissing(answer.status)) {
    makeFolders(service, path);
    answer = send();
  }
  check("put", answer);
}

export const driver = {
  describe() {
    // A service can be opened when the plugin is loaded, and sends nothing then.
    service();
    return { kind: "webdav" };
  },

  store(ctx: Context, object: Buffer): Claim {
    const key = objectKey(ctx.namespace(), hex(object.sha256()));
    const path = objectPath(key);
    if (path === undefined) throw { tag: "other", val: "the namespace has no key" };
    put(service(), path, object);
    return [["key", key]];
  },

  retrieve(_ctx: Context, claim: Claim): Buffer {
    const path = objectPath(new Map(claim).get("key") ?? "");
    if (path === undefined) throw { tag: "malformed", val: "the claim has no key of this driver" };
    // The host checks size and digest of what comes back.
    return check("get", service().request("GET", path, [], undefined, LARGEST)).body;
  },
};
