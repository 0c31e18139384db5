// `types`: payloads and contexts.

import { ComponentError } from "../component_error.js";
import { Handle } from "../handle.js";
import { running } from "../instance.js";
import { bytes, copy } from "../values.js";
import { Buffer } from "./buffers.js";
import { ordered, read, write } from "./protobuf.js";

function checkEntries(count) {
  const most = running().limits.entries;
  if (count > most) running().end("limit", `made a payload of more than ${most} metadata entries`);
}

function message(metadata, data) {
  const body = Handle.value(data, Buffer);
  const sizes = metadata.map(([name, value]) => bytes(name).length + value.length);
  running().countOutput(sizes.reduce((sum, size) => sum + size, 0));
  checkEntries(metadata.length);
  const distinct = new Map(metadata.map(([name, value]) => [name, copy(value)]));
  if (distinct.size !== metadata.length) {
    running().end("protocol", "built a payload with two metadata entries of one name");
  }
  return { metadata: distinct, data: body, rest: new Uint8Array() };
}

/** A payload, which stays in the host. */
export class Payload extends Handle {
  constructor(metadata, data) {
    super(message(metadata, data));
  }

  static fromEnvelope(envelope) {
    const found = read(Handle.value(envelope, Buffer));
    if (!found) throw new ComponentError("malformed", "not a payload message");
    checkEntries(found.metadata.size);
    return Handle.of(Payload, found);
  }

  envelope() {
    const payload = Handle.value(this, Payload);
    const written = write(payload);
    running().countOutput(written.length - payload.data.length);
    return Handle.of(Buffer, written);
  }

  data() {
    return Handle.of(Buffer, Handle.value(this, Payload).data);
  }

  metadata() {
    const entries = ordered(Handle.value(this, Payload).metadata);
    return entries.map(([name, value]) => [name, copy(value)]);
  }

  get(name) {
    const value = Handle.value(this, Payload).metadata.get(name);
    return value && copy(value);
  }
}

/** For whom a call is made. */
export class Context extends Handle {
  constructor() {
    throw new TypeError("only the host makes a Context");
  }

  namespace() {
    return Handle.value(this, Context).namespace;
  }

  kind() {
    return Handle.value(this, Context).kind;
  }

  id() {
    return Handle.value(this, Context).id;
  }

  typeName() {
    return Handle.value(this, Context).typeName;
  }

  runId() {
    return Handle.value(this, Context).runId;
  }

  /** Here always 5,000. */
  timeLeft() {
    Handle.value(this, Context);
    return 5000n;
  }
}
