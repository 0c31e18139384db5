// `buffers`: bytes that stay in the host.

import { createHash } from "node:crypto";

import { Handle } from "../handle.js";
import { running } from "../instance.js";
import { copy, join } from "../values.js";

/** Counts bytes that the plugin has the host make, and returns them. */
function counted(contents) {
  running().countOutput(contents.length);
  return copy(contents);
}

/** Returns a part of the bytes, as far as there are any. */
function cut(contents, offset, count) {
  const start = BigInt.asUintN(64, offset);
  if (start >= contents.length) return new Uint8Array();
  const end = start + BigInt.asUintN(64, count);
  return contents.subarray(Number(start), end > contents.length ? contents.length : Number(end));
}

/** Immutable bytes. */
export class Buffer extends Handle {
  constructor(contents) {
    super(counted(contents));
  }

  length() {
    return BigInt(Handle.value(this, Buffer).length);
  }

  read(offset, count) {
    return copy(cut(Handle.value(this, Buffer), offset, BigInt(count)));
  }

  slice(offset, count) {
    return Handle.of(Buffer, cut(Handle.value(this, Buffer), offset, count));
  }

  sha256() {
    return copy(createHash("sha256").update(Handle.value(this, Buffer)).digest());
  }
}

/** Builds a buffer piece by piece. */
export class Writer extends Handle {
  constructor() {
    super([]);
  }

  write(contents) {
    const pieces = Handle.value(this, Writer);
    pieces.push(counted(contents));
  }

  append(buffer) {
    this.write(Handle.value(buffer, Buffer));
  }

  static finish(writer) {
    return Handle.of(Buffer, join(Handle.take(writer, Writer)));
  }
}
