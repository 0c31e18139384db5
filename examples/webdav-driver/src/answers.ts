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
 * Returns the error of a status, or undefined if it is a success. The host adds the status itself. Texts
 * of the service are never repeated: they could hold anything.
 */
export function failure(operation: Operation, status: number): Error | undefined {
  if (isSuccess(operation, status)) return undefined;
  if (status >= 500 || [408, 423, 425, 429].includes(status)) {
    return { tag: "unavailable", val: "the service failed" };
  }
  if (status === 413) return { tag: "too-large", val: "the service takes no object of this size" };
  if (operation === "get") {
    if (status === 404 || status === 410) {
      return { tag: "not-found", val: "the service has no such object" };
    }
  } else if (isFolderMissing(status)) {
    return { tag: "denied", val: "cannot make folders: the folder of the service's URL must exist" };
  }
  if (status >= 300 && status < 400) {
    return { tag: "denied", val: "the service redirects: set its URL to where it leads" };
  }
  if (status >= 400) return { tag: "denied", val: "the service refused" };
  return { tag: "other", val: "the status means nothing in WebDAV" };
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
