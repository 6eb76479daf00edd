// Connect for Node reads our errors, and we read those of its server.
//
//     node connect_node.js PATH-TO-codelibra PATH-TO-codes.csv
//
// Nothing is generated: the descriptors are those of `codelibra export descriptor-set`.
//
// Ours: `codelibra serve --format connect` answers each code of the catalogue to a Connect client, which
// has to find the details with `findDetails`. Theirs: a Connect server throws each code, unary and as the
// end of a stream, and `codelibra decode` has to read its bodies.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { connectNodeAdapter, createConnectTransport } from "@connectrpc/connect-node";

const TIMEOUT = 20_000; // milliseconds; a step takes a few
const MESSAGE = "a message of its own, 100% — ü";
// What their server sends: any key. Ours takes the parameters that a code declares.
const METADATA = { where: "here & there" };
const SAMPLES = { string: "here & there", int64: "500", bool: "true", timestamp: "2026-01-31T09:30:00Z", duration: "1.5s" };
const [codelibra, codes] = process.argv.slice(2);

const run = (args, input) => execFileSync(codelibra, args, { input, timeout: TIMEOUT });
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, run(["export", "descriptor-set"])));
const Service = registry.getService("codelibra.catalog.v1.ErrorCatalogService");
const OurInfo = registry.getMessage("codelibra.error.v1.ErrorInfo");
const GoogleInfo = registry.getMessage("google.rpc.ErrorInfo");
const Precondition = registry.getMessage("google.rpc.PreconditionFailure");

const [header, ...lines] = readFileSync(codes, "utf8").trim().split(/\r?\n/);
const names = header.split(",");
const rows = lines.map((line) => Object.fromEntries(line.split(",").map((cell, i) => [names[i], cell])));
assert.equal(rows.length, 39);
const entries = JSON.parse(run(["list", "--format", "json"]));
const declared = new Map(
  entries.map(({ code, params }) => [code, Object.fromEntries(params.map(({ name, type }) => [name, SAMPLES[type]]))]),
);

// Runs `use` with the address of a server that stops afterwards.
async function listening(handler, use) {
  const server = createServer(handler).listen(0, "127.0.0.1");
  await once(server, "listening", { signal: AbortSignal.timeout(TIMEOUT) });
  try {
    return await use(`http://127.0.0.1:${server.address().port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

// Runs `use` with the address of the gateway of `codelibra serve`.
async function serving(use) {
  const args = ["serve", "--format", "connect", "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0"];
  const process = spawn(codelibra, args, { stdio: ["ignore", "pipe", "ignore"], timeout: 3 * TIMEOUT });
  const ended = once(process, "exit");
  try {
    for await (const line of createInterface({ input: process.stdout })) {
      const address = /^HTTP gateway\s+(\S+)/.exec(line);
      if (address) return await use(address[1]);
    }
    assert.fail("codelibra serve ended before it printed its address");
  } finally {
    process.kill();
    await ended;
  }
}

// Gives a Connect call of RaiseError to the gateway's path for it; status, fields and body come back as they are.
const toGateway = (gateway) => async (request, response) => {
  const parts = [];
  for await (const part of request) parts.push(part);
  const { code, ...rest } = JSON.parse(Buffer.concat(parts).toString());
  const answer = await fetch(`${gateway}/v1/errors/${code}:raise`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(rest),
    signal: AbortSignal.timeout(TIMEOUT),
  });
  response.writeHead(answer.status, [...answer.headers].flat());
  response.end(Buffer.from(await answer.arrayBuffer()));
};

async function checkOurs(row, client) {
  const metadata = declared.get(Number(row.code));
  const call = client.raiseError({ code: Number(row.code), message: MESSAGE, metadata });
  const error = ConnectError.from(await call.then(() => assert.fail(row.code), (reason) => reason));
  assert.equal(error.code, Number(row.grpc_code), row.code);
  assert.equal(error.rawMessage, MESSAGE, row.code);
  assert.equal(error.metadata.get("codelibra-error-code"), row.code);
  const [ours, ...moreOurs] = error.findDetails(OurInfo);
  const [google, ...moreGoogle] = error.findDetails(GoogleInfo);
  assert.deepEqual([moreOurs, moreGoogle], [[], []], row.code);
  assert.equal(ours.code, Number(row.code));
  assert.deepEqual([ours.reason, ours.domain], [row.reason, "codelibra"]);
  assert.deepEqual(ours.metadata, metadata, row.code);
  assert.deepEqual([google.reason, google.domain], [row.reason, "codelibra"]);
  assert.deepEqual(google.metadata, { ...metadata, code: row.code });
  if (row.code === "451001") assert.equal(error.findDetails(Precondition)[0].violations[0].type, "TOS");
}

// What a Connect service throws: with our ErrorInfo, or with google.rpc's alone.
function theirError({ code, message }) {
  const row = rows.find((row) => row.code === String(code));
  const { reason } = row;
  const domain = "codelibra";
  const google = { desc: GoogleInfo, value: { reason, domain, metadata: { ...METADATA, code: row.code } } };
  const ours = { desc: OurInfo, value: { code, domain, reason, metadata: METADATA } };
  const help = { desc: registry.getMessage("google.rpc.Help"), value: { links: [{ url: "https://help.test/" }] } };
  const details = message === "ours" ? [ours, google, help] : [google, help];
  return new ConnectError(message, Number(row.grpc_code), undefined, details);
}

const theirService = (router) =>
  router.service(Service, {
    raiseError(request) {
      throw theirError(request);
    },
    async *raiseErrorStream(request) {
      for (let item = 1; item <= request.afterItems; item++) yield { item };
      throw theirError(request);
    },
  });

const post = (url, type, body) =>
  fetch(url, { method: "POST", headers: { "content-type": type }, body, signal: AbortSignal.timeout(TIMEOUT) });

// The last message of a stream: a byte of flags, four of length, and the end as JSON.
function endOfStream(bytes) {
  for (let at = 0; at < bytes.length; ) {
    const end = at + 5 + bytes.readUInt32BE(at + 1);
    if (bytes[at] === 2) return bytes.subarray(at + 5, end);
    at = end;
  }
  assert.fail("the stream has no end");
}

function checkDecoded(row, message, body) {
  const read = JSON.parse(run(["decode", "-", "--format", "json"], body));
  assert.equal(read.code, Number(row.code));
  assert.deepEqual([read.name, read.reason, read.domain], [row.name, row.reason, "codelibra"], row.code);
  assert.deepEqual([read.http_status, read.grpc_code], [Number(row.http_status), Number(row.grpc_code)], row.code);
  assert.equal(read.message, message, row.code);
  assert.deepEqual(read.metadata, METADATA, row.code);
  assert.deepEqual(read.details, [{ type: "google.rpc.Help", links: [{ url: "https://help.test/" }] }], row.code);
  assert.deepEqual(read.notes, [], row.code);
}

async function checkTheirs(row, base) {
  for (const message of ["ours", "google's"]) {
    const call = JSON.stringify({ code: Number(row.code), message });
    const unary = await post(`${base}/${Service.typeName}/RaiseError`, "application/json", call);
    assert.notEqual(unary.status, 200);
    checkDecoded(row, message, Buffer.from(await unary.arrayBuffer()));

    const request = Buffer.from(JSON.stringify({ code: Number(row.code), message, afterItems: 3 }));
    const head = Buffer.alloc(5);
    head.writeUInt32BE(request.length, 1);
    const url = `${base}/${Service.typeName}/RaiseErrorStream`;
    const stream = await post(url, "application/connect+json", Buffer.concat([head, request]));
    checkDecoded(row, message, endOfStream(Buffer.from(await stream.arrayBuffer())));
  }
}

await serving((gateway) =>
  listening(toGateway(gateway), async (baseUrl) => {
    const client = createClient(Service, createConnectTransport({ baseUrl, httpVersion: "1.1", useBinaryFormat: false }));
    for (const row of rows) await checkOurs(row, client);
  }),
);
await listening(connectNodeAdapter({ routes: theirService }), async (base) => {
  for (const row of rows) await checkTheirs(row, base);
  // An error that the server makes itself has no details.
  const body = await post(`${base}/${Service.typeName}/ListErrors`, "application/json", "{}");
  const read = JSON.parse(run(["decode", "-", "--format", "json"], Buffer.from(await body.arrayBuffer())));
  assert.deepEqual([read.code, read.grpc_code], [null, Code.Unimplemented]);
});
console.log(`${rows.length} codes: findDetails reads each one of ours, and we read each one of Connect's server, unary and streamed`);
