// grpc-web and Connect's gRPC-Web transport read our errors, with tonic's GrpcWebLayer on either side of the server layer.
//
//     node grpc_web.js PATH-TO-codelibra PATH-TO-grpc_web_server PATH-TO-codes.csv
//
// Nothing is generated: the descriptors are those of `codelibra export descriptor-set`. Each client calls each code of the
// catalogue, unary and as the end of a stream, and has to find code, message and details. A panic and a private message
// have to arrive coded, and no byte of them may be on the wire.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { create, createFileRegistry, fromBinary, toBinary } from "@bufbuild/protobuf";
import { AnySchema, FileDescriptorSetSchema, anyUnpack } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";
import grpcWeb from "grpc-web";
import xhr2 from "xhr2";

globalThis.XMLHttpRequest = xhr2.XMLHttpRequest;

const TIMEOUT = 60_000; // milliseconds; all of it takes a few seconds
const MESSAGE = "a message of its own, 100% — ü";
const METADATA = { where: "here & there" };
const CANARY = "cAnArY";
const ITEMS = 2;
const [codelibra, server, codes] = process.argv.slice(2);

const descriptors = execFileSync(codelibra, ["export", "descriptor-set"], { timeout: TIMEOUT });
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptors));
const Service = registry.getService("codelibra.catalog.v1.ErrorCatalogService");
const OurInfo = registry.getMessage("codelibra.error.v1.ErrorInfo");
const GoogleInfo = registry.getMessage("google.rpc.ErrorInfo");
const Status = registry.getMessage("google.rpc.Status");
const RequestInfo = registry.getMessage("google.rpc.RequestInfo");
const Precondition = registry.getMessage("google.rpc.PreconditionFailure");

const [header, ...lines] = readFileSync(codes, "utf8").trim().split(/\r?\n/);
const names = header.split(",");
const rows = lines.map((line) => Object.fromEntries(line.split(",").map((cell, i) => [names[i], cell])));
assert.equal(rows.length, 39);

// Runs `use` with the address of each order of the layers. The log comes back.
async function serving(use) {
  const process = spawn(server, { stdio: ["pipe", "pipe", "pipe"], timeout: 3 * TIMEOUT });
  const ended = once(process, "exit");
  let log = "";
  process.stderr.on("data", (data) => (log += data));
  try {
    let orders = 0;
    for await (const line of createInterface({ input: process.stdout })) {
      const [order, address] = line.split(" ");
      await use(order, address);
      if (++orders === 2) break;
    }
    assert.equal(orders, 2, log);
  } finally {
    process.stdin.end();
    await ended;
  }
  return log;
}

// What both clients give of a failure.
class Failure {
  constructor(items, code, message, field, details) {
    Object.assign(this, { items, code, message, field });
    this.details = (desc) => details.filter((any) => any.typeUrl.endsWith(`/${desc.typeName}`)).map((any) => anyUnpack(any, desc));
  }
}

const detailsOf = (base64) => fromBinary(Status, Buffer.from(base64, "base64")).details;

const fromRpcError = (items, error) => {
  assert.ok(error instanceof grpcWeb.RpcError || error.metadata, String(error));
  const fields = error.metadata ?? {};
  const details = detailsOf(fields["grpc-status-details-bin"] ?? "");
  return new Failure(items, error.code, error.message, fields["codelibra-error-code"], details);
};

// The client of the package grpc-web, over XMLHttpRequest.
function grpcWebClient(format) {
  return (address) => {
    const client = new grpcWeb.GrpcWebClientBase({ format });
    const descriptor = (method, type) =>
      new grpcWeb.MethodDescriptor(
        `/${Service.typeName}/${method.name}`,
        type,
        Object,
        Object,
        (message) => toBinary(method.input, create(method.input, message)),
        (bytes) => fromBinary(method.output, bytes),
      );
    const unary = (message) => {
      const method = Service.method.raiseError;
      const path = `${address}/${Service.typeName}/${method.name}`;
      return new Promise((resolve, reject) =>
        client.rpcCall(path, message, {}, descriptor(method, grpcWeb.MethodType.UNARY), (error) =>
          error ? resolve(fromRpcError([], error)) : reject(new Error("the call succeeded")),
        ),
      );
    };
    const stream = (message) => {
      const method = Service.method.raiseErrorStream;
      const path = `${address}/${Service.typeName}/${method.name}`;
      const call = client.serverStreaming(path, message, {}, descriptor(method, grpcWeb.MethodType.SERVER_STREAMING));
      const items = [];
      return new Promise((resolve, reject) => {
        call.on("data", ({ item }) => items.push(item));
        call.on("error", (error) => resolve(fromRpcError(items, error)));
        call.on("end", () => reject(new Error("the stream ended without an error")));
      });
    };
    return { unary, stream };
  };
}

// Connect's transport, over fetch.
function connectClient(address) {
  const client = createClient(Service, createGrpcWebTransport({ baseUrl: address, defaultTimeoutMs: TIMEOUT }));
  const failure = (items, reason) => {
    const error = ConnectError.from(reason);
    const details = error.details.map(({ type, value }) => create(AnySchema, { typeUrl: `/${type}`, value }));
    return new Failure(items, error.code, error.rawMessage, error.metadata.get("codelibra-error-code"), details);
  };
  return {
    async unary(message) {
      return client.raiseError(message).then(
        () => assert.fail("the call succeeded"),
        (reason) => failure([], reason),
      );
    },
    async stream(message) {
      const items = [];
      try {
        for await (const { item } of client.raiseErrorStream(message)) items.push(item);
      } catch (reason) {
        return failure(items, reason);
      }
      return assert.fail("the stream ended without an error");
    },
  };
}

const clients = {
  "grpc-web, text": grpcWebClient("text"),
  "grpc-web, binary": grpcWebClient("binary"),
  "connect-web": connectClient,
};

function checkCoded(what, failure, row) {
  assert.equal(failure.code, Number(row.grpc_code), what);
  assert.equal(failure.field, row.code, what);
  const [ours, ...more] = failure.details(OurInfo);
  assert.deepEqual([ours?.code, ours?.reason, ours?.domain], [Number(row.code), row.reason, "codelibra"], what);
  const [google] = failure.details(GoogleInfo);
  assert.deepEqual([more, google.reason, google.metadata.code], [[], row.reason, row.code], what);
  assert.ok(failure.details(RequestInfo)[0].requestId, what);
  return ours;
}

async function checkRow(what, client, row) {
  const raise = { code: Number(row.code), message: MESSAGE, metadata: METADATA };
  for (const afterItems of [undefined, 0, ITEMS]) {
    const failure = await (afterItems === undefined ? client.unary(raise) : client.stream({ ...raise, afterItems }));
    const call = `${what}, ${row.code}, after ${afterItems}`;
    assert.deepEqual(failure.items, Array.from({ length: afterItems ?? 0 }, (_, i) => i + 1), call);
    const ours = checkCoded(call, failure, row);
    assert.deepEqual(ours.metadata, METADATA, call);
    // The message of a 5xx is private.
    if (Number(row.http_status) < 500) assert.equal(failure.message, MESSAGE, call);
    else assert.ok(failure.message && failure.message !== MESSAGE, call);
    if (row.code === "451001") assert.equal(failure.details(Precondition)[0].violations[0].type, "TOS", call);
  }
}

const UNEXPECTED = rows.find((row) => row.name === "UnexpectedError");

async function checkPrivate(what, client) {
  for (const message of ["panic", "private"]) {
    for (const afterItems of [undefined, 0, ITEMS]) {
      const raise = { code: 400001, message };
      const failure = await (afterItems === undefined ? client.unary(raise) : client.stream({ ...raise, afterItems }));
      const call = `${what}, ${message}, after ${afterItems}`;
      // tonic sends items that are ready together: a panic loses those that wait.
      if (message === "private") assert.equal(failure.items.length, afterItems ?? 0, call);
      checkCoded(call, failure, UNEXPECTED);
      assert.ok(!failure.message.includes(CANARY), call);
    }
  }
}

// The bytes themselves, as a client without a library reads them.
async function checkWire(order, address) {
  for (const message of ["panic", "private"]) {
    for (const [method, afterItems] of [["raiseError", 0], ["raiseErrorStream", 0], ["raiseErrorStream", ITEMS]]) {
      for (const type of ["application/grpc-web+proto", "application/grpc-web-text+proto"]) {
        const desc = Service.method[method];
        const fields = method === "raiseError" ? { message } : { message, afterItems };
        const payload = toBinary(desc.input, create(desc.input, fields));
        const frame = Buffer.concat([Buffer.alloc(5), payload]);
        frame.writeUInt32BE(payload.length, 1);
        const body = type.includes("-text") ? frame.toString("base64") : frame;
        const headers = { "content-type": type, accept: type, "x-grpc-web": "1" };
        const signal = AbortSignal.timeout(TIMEOUT);
        const answer = await fetch(`${address}/${Service.typeName}/${desc.name}`, { method: "POST", headers, body, signal });
        const what = `${order}, ${message}, ${desc.name}, ${type}`;
        assert.equal(answer.headers.get("content-type"), type, what);
        const bytes = Buffer.from(await answer.arrayBuffer());
        const quads = bytes.toString("latin1").match(/.{4}/gs) ?? [];
        const decoded = type.includes("-text") ? Buffer.concat(quads.map((quad) => Buffer.from(quad, "base64"))) : bytes;
        const text = JSON.stringify([...answer.headers]) + decoded.toString("latin1");
        const details = /grpc-status-details-bin(?:: ?|",")([A-Za-z0-9+/]+)/.exec(text);
        const wire = text + Buffer.from(details[1], "base64").toString("latin1");
        assert.ok(!wire.includes(CANARY) && !wire.includes("codelibra-cause"), `${what}: ${wire}`);
        assert.match(wire, /codelibra-error-code/, what);
      }
    }
  }
}

let calls = 0;
const log = await serving(async (order, address) => {
  for (const [name, connect] of Object.entries(clients)) {
    const what = `GrpcWebLayer ${order}, ${name}`;
    const client = connect(address);
    for (const row of rows) await checkRow(what, client, row);
    await checkPrivate(what, client);
    calls += 3 * rows.length + 6;
  }
  await checkWire(order, address);
  calls += 12;
});
// The log is where the private text is: once for each panic, twice for a message and a cause of the same text.
const events = log.split("\n").filter((line) => line.includes("a call failed"));
assert.equal(events.length, calls, "one event for each call");
const withCanary = events.filter((line) => line.includes(CANARY));
assert.equal(withCanary.length, 2 * (3 * 6 + 12), "the private text is in the log");
console.log(`${rows.length} codes: grpc-web (text and binary) and connect-web read each one, with GrpcWebLayer inside and outside`);
