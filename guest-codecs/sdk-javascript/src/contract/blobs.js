// `blobs`: buckets of an object store.

import { ComponentError, notGranted } from "../component_error.js";
import { Handle } from "../handle.js";
import { running } from "../instance.js";
import { byBytes } from "../values.js";
import { Buffer } from "./buffers.js";

// Most keys that one `list` returns.
const LISTED = 1000;

function checkTime() {
  if (running().describing) {
    throw new ComponentError("denied", "buckets cannot be used while loading");
  }
}

function checkKey(key) {
  checkTime();
  // Not every store tells such keys apart.
  if (key.split("/").some((segment) => ["", ".", ".."].includes(segment))) {
    throw new ComponentError("denied", "the key has an empty, `.` or `..` segment");
  }
}

/** One bucket, within its grant. */
export class Bucket extends Handle {
  constructor() {
    throw new TypeError("`open` and `find` return a Bucket");
  }

  name() {
    return Handle.value(this, Bucket).storeName;
  }

  put(key, body, mode) {
    const { objects } = Handle.value(this, Bucket);
    const contents = Handle.value(body, Buffer);
    checkKey(key);
    const found = objects.get(key);
    if (mode === "create" && found) {
      // A codec that took another object for its own would lose a part of the payload. The host asks for
      // the size alone.
      if (running().movesParts && found.length !== contents.length) {
        throw new ComponentError("other", "another object is there: make keys of the content");
      }
      return "already-there";
    }
    objects.set(key, contents);
    return "written";
  }

  get(key, limit) {
    const { objects } = Handle.value(this, Bucket);
    checkKey(key);
    const contents = objects.get(key);
    if (!contents) throw new ComponentError("not-found", "no object has this key");
    if (BigInt(contents.length) > limit) {
      throw new ComponentError("too-large", `the object is larger than ${limit} bytes`);
    }
    running().countOutput(contents.length);
    return Handle.of(Buffer, contents);
  }

  size(key) {
    const { objects } = Handle.value(this, Bucket);
    checkKey(key);
    const contents = objects.get(key);
    return contents && BigInt(contents.length);
  }

  remove(key) {
    const { objects } = Handle.value(this, Bucket);
    checkKey(key);
    objects.delete(key);
  }

  list(prefix, after) {
    const { objects } = Handle.value(this, Bucket);
    checkTime();
    const found = [...objects.keys()].filter((key) => key.startsWith(prefix)).sort(byBytes);
    return found.filter((key) => after === undefined || byBytes(key, after) > 0).slice(0, LISTED);
  }
}

export function open(name) {
  const bucket = running().grants.buckets.get(name);
  if (!bucket) throw notGranted("bucket", name);
  return Handle.of(Bucket, bucket);
}

export function find(name) {
  for (const bucket of running().grants.buckets.values()) {
    if (bucket.storeName === name) return Handle.of(Bucket, bucket);
  }
  throw notGranted("bucket", name);
}
