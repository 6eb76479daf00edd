// A host of static files that does no more than most: `index.html` for a folder, `404.html` for what does not exist.

import { once } from "node:events";
import { readFile, stat } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";

const TYPES = { ".html": "text/html; charset=utf-8", ".json": "application/json" };

// Serves a folder below `prefix`; returns the server and its address.
export async function host(folder, prefix) {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    const send = async (status, file) => {
      response.writeHead(status, { "content-type": TYPES[extname(file)] ?? "application/octet-stream" });
      response.end(await readFile(file));
    };
    try {
      if (!pathname.startsWith(`${prefix}/`)) throw new Error("it is not below the prefix");
      let file = join(folder, normalize(decodeURIComponent(pathname.slice(prefix.length))));
      if ((await stat(file)).isDirectory()) {
        if (!pathname.endsWith("/")) {
          response.writeHead(301, { location: `${pathname}/` });
          response.end();
          return;
        }
        file = join(file, "index.html");
      }
      await send(200, file);
    } catch {
      await send(404, join(folder, "404.html"));
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, url: `http://127.0.0.1:${server.address().port}${prefix}` };
}
