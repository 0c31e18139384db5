// Meaning of the statuses of a WebDAV service. It needs no host, so the tests run it as it is.

import type { Error } from "cloakroom:plugin/types@0.1.1";

/** Operation that a status answers. */
export type Operation = "put" | "mkcol" | "get";

/** Returns whether a PUT failed because a folder of its path is missing. */
export function isFolderMissing(status: number): boolean {
  // RFC 4918 says 409. Some servers say 404.
  return status === 404 || status === 409;
}

/**
 * Returns the error of a status, or undefined if it is a success. The host takes the same kinds for these
 * statuses, and then adds the status for the operator. Texts of the service are never repeated: they could
 * hold anything.
 */
export function failure(operation: Operation, status: number): Error | undefined {
  if (isSuccess(operation, status)) return undefined;
  // 423: another client holds a lock.
  if (status >= 500 || [408, 423, 425, 429].includes(status)) {
    return { tag: "unavailable", val: "the service failed" };
  }
  if (status === 413) return { tag: "too-large", val: "the service takes no object of this size" };
  if (status === 404 || status === 410) {
    const missing = operation === "get" ? "object" : "folder";
    return { tag: "not-found", val: `the service has no such ${missing}` };
  }
  const isDenied = (status >= 300 && status < 400) || [401, 403, 407].includes(status);
  return { tag: isDenied ? "denied" : "other", val: "the service refused" };
}

function isSuccess(operation: Operation, status: number): boolean {
  switch (operation) {
    case "put":
      return status === 200 || status === 201 || status === 204;
    case "mkcol":
      // 405: the folder exists, because another call was first.
      return status === 200 || status === 201 || status === 405;
    case "get":
      // Any other success is no whole object.
      return status === 200;
  }
}
