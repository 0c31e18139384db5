/** A payload: metadata and one body. It is no handle. */
export interface Payload {
  metadata: Record<string, Uint8Array>;
  data: Uint8Array;
}

/** The workflow or activity that a call is made for. */
export interface Target {
  namespace?: string;
  kind?: string;
  id?: string;
  typeName?: string;
  runId?: string;
}

/** A request of the plugin, as its service gets it, without the host's credentials. */
export interface Request {
  method: string;
  path: string;
  headers: [string, string][];
  body: Uint8Array;
}

/** An answer of a service. */
export interface Response {
  status: number;
  headers?: [string, string][];
  body?: Uint8Array;
}

/** Limits of one call. The defaults are those of the host. */
export interface Limits {
  handles?: number;
  output?: number;
  log?: number;
  entries?: number;
}

/** What a host grants. */
export interface Grants {
  settings?: Record<string, string>;
  /** Ids of the keys of each ring, the current one first. */
  rings?: Record<string, string[]>;
  /** Names that stores have for granted buckets. */
  buckets?: Record<string, string>;
  services?: Record<string, (request: Request) => Response>;
  secrets?: Record<string, Uint8Array>;
  limits?: Limits;
}

/** A loaded codec. */
export interface Codec {
  readonly encodings: string[];
  readonly purpose: "compression" | "conversion" | "encryption";
  /** Offers a payload. `undefined` means that the codec leaves it as it is. */
  encode(payload: Payload, target?: Target): Payload | undefined;
  /** Decodes a payload. One that is not the codec's comes back as it is, without a call. */
  decode(payload: Payload, target?: Target): Payload;
}

/** A loaded driver. */
export interface Driver {
  readonly kind: string;
  /** Stores an object, and returns its claim. */
  store(object: Uint8Array, target?: Target): Record<string, string>;
  /** Returns the object of a claim. */
  retrieve(claim: Record<string, string>, target?: Target): Uint8Array;
}

/** A host that grants what it is given, and nothing else. */
export class Host {
  constructor(grants?: Grants);
  /** Loads a codec from the module that `jco componentize` gets. */
  codec(module: URL | string): Promise<Codec>;
  /** Loads a driver from the module that `jco componentize` gets. */
  driver(module: URL | string): Promise<Driver>;
  /** Replaces the keys of a ring. The first is the current one. */
  rotate(ring: string, ids: string[]): void;
  /** Returns the objects of a bucket by their keys. A test may change them. */
  objects(bucket: string): Map<string, Uint8Array>;
  /** Lines that plugins logged: level and text. */
  readonly log: [level: string, message: string][];
}

/** An error of the contract that the plugin threw. */
export class PluginError extends Error {
  readonly tag: string;
  readonly val: string;
}

/** The end of a call and of its instance. */
export class Trap extends Error {
  readonly kind: "protocol" | "limit" | "trapped";
}

/** Returns a payload with the encoding `binary/plain` and this body. */
export function payload(data: string | Uint8Array): Payload;
