// Rules for requests: the ones that a plugin breaks by mistake.

import { ComponentError } from "../component_error.js";

// Headers that the host sets itself.
const RESERVED = new Set([
  "accept-encoding",
  "connection",
  "content-length",
  "expect",
  "host",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

const FORBIDDEN = new Set(["CONNECT", "PRI", "TRACE", "TRACK"]);

/** Refuses a request as the host would. */
export function check(method, path, headers) {
  if (!/^[A-Z-]+$/.test(method) || FORBIDDEN.has(method)) {
    throw denied("the method is TRACE or CONNECT, or not in capital letters");
  }
  checkPath(path);
  for (const [name, value] of headers) {
    const folded = name.toLowerCase().replaceAll("_", "-");
    if (RESERVED.has(folded) || folded.startsWith("proxy-")) {
      throw denied(`the header \`${name}\` belongs to the host`);
    }
    if (!/^[!-~]+$/.test(name) || !/^[ -~]*$/.test(value)) {
      throw denied("a header is not printable ASCII on one line");
    }
  }
}

function checkPath(path) {
  if (!/^[A-Za-z0-9\-._~!$&()*+,;=:@/%?]*$/.test(path)) {
    throw denied("the path has a character that must be escaped as %XX");
  }
  const [plain] = path.split("?");
  const segments = plain.toLowerCase().replaceAll("%2e", ".").replaceAll("%2f", "/").split("/");
  segments.forEach((segment, place) => {
    const [name] = segment.split(";");
    if (/^\.+$/.test(name) || (segment === "" && place + 1 < segments.length)) {
      throw denied("the path has an empty, `.` or `..` segment");
    }
  });
}

function denied(text) {
  return new ComponentError("denied", text);
}
