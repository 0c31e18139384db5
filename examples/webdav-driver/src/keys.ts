// Keys of objects, and their paths in the service. They need no host, so the tests run them as they are.

// A claim comes from a history and could be forged: any other key is refused.
const SEGMENT = "(?!\\.{1,2}/)(?:[A-Za-z0-9._!*()-]|%[0-9A-F]{2})+";
const KEY = new RegExp(`^v0/(?:ns/${SEGMENT}/)?d/sha256/[0-9a-f]{64}$`);

/** Returns the key of an object. Equal objects of a namespace have equal keys. */
export function objectKey(namespace: string | undefined, digest: string): string {
  if (!namespace) return `v0/d/sha256/${digest}`;
  return `v0/ns/${segment(namespace)}/d/sha256/${digest}`;
}

/** Returns the path of an object in the service, or undefined if this driver writes no such key. */
export function objectPath(key: string): string | undefined {
  if (!KEY.test(key)) return undefined;
  // Servers and proxies decode `%2F` to a slash, so a path has no escapes. No key holds a `=`.
  return key.replaceAll("%", "=");
}

/** Returns the folders of a path, outermost first. */
export function folders(path: string): string[] {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join("/"));
}

/** Escapes a name, so that it is one segment of a key. */
function segment(name: string): string {
  // Clients on the way would resolve these as paths.
  if (name === "." || name === "..") return name.replaceAll(".", "%2E");
  return encodeURIComponent(name).replaceAll("~", "%7E").replaceAll("'", "%27");
}

export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
