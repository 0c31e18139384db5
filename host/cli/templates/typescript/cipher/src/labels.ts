// Metadata of a sealed payload. It needs no host, so the tests run it as it is.

// It is written into every payload, and a history keeps it for years. Never reuse it for other bytes.
export const ENCODING = "binary/{{name}}";

// Metadata that names the key which opens a payload. It stands in the clear.
export const KEY = "{{name}}-key";

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Returns the metadata of a payload that was sealed under this key. */
export function metadata(key: string): [string, Uint8Array][] {
  return [
    ["encoding", bytes(ENCODING)],
    [KEY, bytes(key)],
  ];
}

/** Returns the id of a key, or undefined if the metadata holds none. */
export function keyOf(value: Uint8Array | undefined): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(value ?? new Uint8Array()) || undefined;
  } catch {
    return undefined;
  }
}
