// The protobuf message of a payload: `metadata = 1 (map<string, bytes>)`, `data = 2 (bytes)`.
// Other fields are kept as they are, and written after the body.

import { byBytes, bytes, join } from "../values.js";

const METADATA = (1 << 3) | 2;
const DATA = (2 << 3) | 2;
const [NAME, VALUE] = [METADATA, DATA];

const EMPTY = new Uint8Array();

/** Reads a message, or returns undefined if it is none. */
export function read(message) {
  try {
    return readFields(message);
  } catch (error) {
    // Text that is not UTF-8 is a TypeError of the decoder.
    if (error instanceof RangeError || error instanceof TypeError) return undefined;
    throw error;
  }
}

function readFields(message) {
  const found = { metadata: new Map(), data: EMPTY, rest: EMPTY };
  const fields = new Fields(message);
  while (fields.offset < message.length) {
    const start = fields.offset;
    const tag = fields.varint();
    if (tag === BigInt(METADATA)) {
      found.metadata.set(...entry(fields.delimited()));
    } else if (tag === BigInt(DATA)) {
      found.data = fields.delimited();
    } else {
      fields.skip(tag);
      found.rest = join([found.rest, message.subarray(start, fields.offset)]);
    }
  }
  return found;
}

/** Writes a message: metadata in the order of its names, an empty body left out. */
export function write({ metadata, data, rest }) {
  const pieces = [];
  for (const [name, value] of ordered(metadata)) {
    pieces.push(field(METADATA, join([field(NAME, bytes(name)), field(VALUE, value)])));
  }
  if (data.length > 0) pieces.push(field(DATA, data));
  return join([...pieces, rest]);
}

/** Returns metadata in the order of its names. */
export function ordered(metadata) {
  return [...metadata].sort(([left], [right]) => byBytes(left, right));
}

function entry(contents) {
  let [name, value] = ["", EMPTY];
  const fields = new Fields(contents);
  while (fields.offset < contents.length) {
    const tag = fields.varint();
    if (tag === BigInt(NAME)) {
      name = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(fields.delimited());
    } else if (tag === BigInt(VALUE)) {
      value = fields.delimited();
    } else {
      fields.skip(tag);
    }
  }
  return [name, value];
}

/** Fields of a message from an offset on. */
class Fields {
  constructor(message) {
    Object.assign(this, { message, offset: 0 });
  }

  varint() {
    let value = 0n;
    for (let shift = 0n; shift < 64n; shift += 7n) {
      const byte = this.take(1)[0];
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new RangeError("a number has more than ten bytes");
  }

  take(length) {
    const end = this.offset + length;
    if (end > this.message.length) throw new RangeError("the message is cut short");
    const taken = this.message.subarray(this.offset, end);
    this.offset = end;
    return taken;
  }

  delimited() {
    return this.take(Number(this.varint()));
  }

  skip(tag) {
    if (tag >> 3n === 0n) throw new RangeError("no field has the number 0");
    const sizes = { 1: 8, 5: 4 };
    const kind = Number(tag & 7n);
    if (kind === 0) this.varint();
    else if (kind === 2) this.delimited();
    else if (kind in sizes) this.take(sizes[kind]);
    else throw new RangeError("a kind of field that is not known");
  }
}

function field(tag, contents) {
  return join([varint(tag), varint(contents.length), contents]);
}

function varint(number) {
  const out = [];
  let value = number;
  for (; value > 0x7f; value = Math.floor(value / 128)) out.push((value % 128) | 0x80);
  return Uint8Array.of(...out, value);
}
