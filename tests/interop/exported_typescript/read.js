// Reads the cases of exported.py with the module of `codelibra export typescript`, grpc-js and fetch.
//
//     node read.js PATH-TO-proto

import grpc from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { text } from "node:stream/consumers";
import * as codelibra from "./out/codelibra.js";
import * as hostile from "./out/hostile.js";

const TIMEOUT = 20_000; // milliseconds; an answer takes a few

const options = { includeDirs: [process.argv[2]], longs: String };
const loaded = grpc.loadPackageDefinition(loadSync("codelibra/catalog/v1/error_catalog_service.proto", options));
const Service = loaded.codelibra.catalog.v1.ErrorCatalogService;

const clients = new Map();
function clientOf(address) {
  if (!clients.has(address)) clients.set(address, new Service(address, grpc.credentials.createInsecure()));
  return clients.get(address);
}

// Makes a call that fails, and returns the error.
function fail({ address, method, request }) {
  return new Promise((resolve, reject) => {
    const deadline = Date.now() + TIMEOUT;
    if (method === "RaiseError") {
      clientOf(address).RaiseError(request, { deadline }, (error) => (error ? resolve(error) : reject(method)));
      return;
    }
    const stream = clientOf(address).RaiseErrorStream(request, { deadline });
    stream.on("data", () => {}).on("end", () => reject(method)).on("error", resolve);
  });
}

async function readCall(call) {
  const error = await fail(call);
  const [details] = error.metadata.get("grpc-status-details-bin");
  const [code] = error.metadata.get("codelibra-error-code");
  return codelibra.decodeGrpc(details, { status: error.code, message: error.details, code });
}

async function readRequest({ url, body }) {
  const headers = { "content-type": "application/json" };
  const response = await fetch(url, { method: "POST", body, headers, signal: AbortSignal.timeout(TIMEOUT) });
  const code = response.headers.get("codelibra-error-code");
  return codelibra.decodeHttp(await response.text(), { status: response.status, code });
}

function valueText(value) {
  return String(value instanceof Date ? value.getTime() / 1000 : value);
}

function print(id, error) {
  const params = Object.fromEntries(Object.entries(error.params).map(([name, value]) => [name, valueText(value)]));
  const { code, name, reason, domain, message, metadata, source, shed } = error;
  const reading = { id, code: code ?? null, name: name ?? null, reason, domain, message, metadata, params, source, shed };
  reading.grpc_code = error.grpcCode;
  reading.http_status = error.httpStatus;
  reading.request_id = error.requestId ?? null;
  reading.retry_delay = error.retryDelay ?? null;
  console.log(JSON.stringify(reading));
}

function printTable(id, { ENTRIES, entryOf, entryOfReason }) {
  const table = ENTRIES.map(({ httpStatus, grpcCode, grpcStatus, replacedBy, ...entry }) => {
    if (entryOf(entry.code)?.name !== entry.name) throw new Error(`${entry.code} is not found`);
    if (entryOfReason(entry.domain, entry.reason)?.code !== entry.code) throw new Error(`${entry.reason} is not found`);
    return { ...entry, http_status: httpStatus, grpc_code: grpcCode, grpc_status: grpcStatus, replaced_by: replacedBy };
  });
  console.log(JSON.stringify({ id, table }));
}

const cases = JSON.parse(await text(process.stdin));
for (const call of cases.calls) print(call.id, await readCall(call));
for (const request of cases.requests) print(request.id, await readRequest(request));
for (const details of cases.details) print(details.id, codelibra.decodeGrpc(details.text));
for (const body of cases.bodies) print(body.id, codelibra.decodeHttp(body.text));
printTable("table codelibra", codelibra);
printTable("table hostile", hostile);
for (const client of clients.values()) client.close();
