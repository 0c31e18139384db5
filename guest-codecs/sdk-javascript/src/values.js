// Values that a test gives to a plugin and gets back. They are no handles.

const encoder = new TextEncoder();

/** Returns a text in UTF-8. */
export function bytes(text) {
  return encoder.encode(text);
}

/** Returns a copy of bytes, so that nobody changes what another one holds. */
export function copy(data) {
  return Uint8Array.from(data);
}

/** Returns several pieces as one. */
export function join(pieces) {
  const joined = new Uint8Array(pieces.reduce((size, piece) => size + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
}

/** Compares two texts by their bytes, as the host orders names. */
export function byBytes(left, right) {
  return globalThis.Buffer.compare(bytes(left), bytes(right));
}

/** Returns a payload with the encoding `binary/plain` and this body. */
export function payload(data) {
  const body = typeof data === "string" ? bytes(data) : copy(data);
  return { metadata: { encoding: bytes("binary/plain") }, data: body };
}
