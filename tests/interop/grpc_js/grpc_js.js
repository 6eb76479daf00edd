// Reads the cases of readings.py with grpc-js.
//
//     node grpc_js.js PATH-TO-proto PATH-TO-descriptor-set [OMITTED-TYPE]
//
// proto-loader reads the service out of the .proto files. The details are read with the types of the descriptor set.

import grpc from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { createFileRegistry, createRegistry, fromBinary, toJson } from "@bufbuild/protobuf";
import { anyUnpack, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";

const TIMEOUT = 20_000; // milliseconds; an answer takes a few
const [protos, descriptorSet, omitted] = process.argv.slice(2);

const files = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(descriptorSet)));
const registry = createRegistry(...[...files].filter((type) => type.kind === "message" && type.typeName !== omitted));
const Status = registry.getMessage("google.rpc.Status");

const options = { includeDirs: [protos], longs: String };
const loaded = grpc.loadPackageDefinition(loadSync("codelibra/catalog/v1/error_catalog_service.proto", options));
const Service = loaded.codelibra.catalog.v1.ErrorCatalogService;

const clients = new Map();
function clientOf(address) {
  if (!clients.has(address)) clients.set(address, new Service(address, grpc.credentials.createInsecure()));
  return clients.get(address);
}

// Makes a call that fails: the error, and how many items came first.
function fail({ address, method, request }) {
  return new Promise((resolve, reject) => {
    const client = clientOf(address);
    const deadline = Date.now() + TIMEOUT;
    if (method === "RaiseError") {
      client.RaiseError(request, { deadline }, (error) => (error ? resolve([error, 0]) : reject(method)));
      return;
    }
    let items = 0;
    client
      .RaiseErrorStream(request, { deadline })
      .on("data", () => (items += 1))
      .on("end", () => reject(method))
      .on("error", (error) => resolve([error, items]));
  });
}

function readDetail(packed) {
  const type = packed.typeUrl.slice(packed.typeUrl.lastIndexOf("/") + 1);
  const message = anyUnpack(packed, registry);
  return { type, value: message ? toJson(registry.getMessage(type), message, { registry }) : null };
}

const cases = JSON.parse(await text(process.stdin));
for (const call of cases.calls) {
  const [error, items] = await fail(call);
  const [status] = error.metadata.get("grpc-status-details-bin");
  const reading = {
    reader: "grpc-js",
    id: call.id,
    items,
    grpc_code: error.code,
    message: error.details,
    field: error.metadata.get("codelibra-error-code"),
    details: fromBinary(Status, status).details.map(readDetail),
  };
  console.log(JSON.stringify(reading));
}
for (const client of clients.values()) client.close();
