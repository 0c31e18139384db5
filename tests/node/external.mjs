// External storage by Temporal's TypeScript SDK and its driver for S3.
//
// Reads one JSON request on standard input and writes one JSON answer; payloads are proto3 JSON.
// {"op": "store", "endpoint": URL, "bucket": ..., "payloads": [...], "threshold": 0,
//  "context": {"kind": "workflow" | "activity", "namespace": ..., "id": ..., ...}}
//                                                                    -> {"payloads": [references]}
// {"op": "retrieve", "endpoint": URL, "bucket": ..., "payloads": [references]} -> {"payloads": [...]}
// What fails in the SDK is answered as {"error": text}.

import { createRequire } from "node:module";
import { join } from "node:path";
import { text } from "node:stream/consumers";

// The packages are not beside this file: `cargo xtask test` says where it installed them.
const require = createRequire(join(process.env.CLOAKROOM_NODE, "external.mjs"));
// On standard error, it says which Node later versions will need.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = "true";
const s3 = require("@aws-sdk/client-s3");
const { ExternalStorage } = require("@temporalio/common/lib/converter/extstore");
const { ExternalStorageRunner } = require("@temporalio/common/lib/internal-non-workflow/external-storage-runner");
const { S3StorageDriver } = require("@temporalio/external-storage-s3");
const { Payload } = require("@temporalio/proto").temporal.api.common.v1;

// The driver brings no client.
class Client {
  constructor(endpoint, key, secret) {
    const credentials = { accessKeyId: key, secretAccessKey: secret };
    this.client = new s3.S3Client({ endpoint, credentials, region: "us-east-1", forcePathStyle: true });
  }

  async putObject(Bucket, Key, Body, options) {
    await this.client.send(new s3.PutObjectCommand({ Bucket, Key, Body }), options);
  }

  async objectExists(Bucket, Key, options) {
    try {
      await this.client.send(new s3.HeadObjectCommand({ Bucket, Key }), options);
      return true;
    } catch (error) {
      if (error.$metadata?.httpStatusCode === 404) return false;
      throw error;
    }
  }

  async getObject(Bucket, Key, options) {
    const found = await this.client.send(new s3.GetObjectCommand({ Bucket, Key }), options);
    return found.Body.transformToByteArray();
  }
}

function target({ kind, run_id: runId, ...rest } = {}) {
  return kind ? { kind, runId, ...rest } : undefined;
}

async function answer(request) {
  const client = new Client(request.endpoint, request.key ?? "key", request.secret ?? "secret");
  const drivers = [new S3StorageDriver({ client, bucket: request.bucket })];
  const storage = new ExternalStorage({ drivers, payloadSizeThreshold: request.threshold ?? 0 });
  const runner = new ExternalStorageRunner(storage);
  const payloads = request.payloads.map((payload) => Payload.fromObject(payload));
  const done =
    request.op === "store"
      ? await runner.store(payloads, { target: target(request.context ?? {}) })
      : await runner.retrieve(payloads);
  const json = { bytes: String, longs: String };
  return { payloads: done.map((payload) => Payload.toObject(Payload.fromObject(payload), json)) };
}

function chain(error) {
  return error.message + (error.cause ? `: ${chain(error.cause)}` : "");
}

const request = JSON.parse(await text(process.stdin));
const result = await answer(request).catch((error) => ({ error: chain(error) }));
process.stdout.write(JSON.stringify(result));
