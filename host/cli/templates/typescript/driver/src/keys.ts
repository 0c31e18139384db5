// Keys of objects. They need no host, so the tests run them as they are.

/** Returns the key of an object. Operators grant and expire objects by the namespace in it. */
export function objectKey(namespace: string | undefined, digest: string): string {
  if (!namespace) return `v0/d/sha256/${digest}`;
  return `v0/ns/${segment(namespace)}/d/sha256/${digest}`;
}

/** Escapes a name, so that it is one segment of a key in every store. */
function segment(name: string): string {
  // Clients on the way would resolve these as paths.
  if (name === "." || name === "..") return name.replaceAll(".", "%2E");
  return encodeURIComponent(name).replaceAll("~", "%7E");
}

export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
