// The pages of `codelibra serve` in a browser: on a phone and on a desktop, in the light scheme and in the dark one.
//
//     node pages.js PATH-TO-codelibra PATH-TO-chromium PATH-TO-CATALOGUE.proto [FOLDER-FOR-SCREENSHOTS]
//
// Every page fits the width of the window, every text has a contrast of at least 4.5 with what is behind it (WCAG 2.2,
// 1.4.3, level AA), and the console has no error. The catalogue of the third argument has deprecated entries.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const TIMEOUT = 120_000; // milliseconds, for all of it; it takes about 15 s
const WIDTHS = [390, 1280];
const SCHEMES = ["light", "dark"];
const [codelibra, executablePath, catalogue, screenshots] = process.argv.slice(2);

let running; // the server, which must not outlive this process

// Runs `use` with the address of the gateway of `codelibra serve`.
async function serving(args, use) {
  const free = ["serve", "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0"];
  const server = spawn(codelibra, [...args, ...free], { stdio: ["ignore", "pipe", "ignore"], timeout: TIMEOUT });
  const ended = once(server, "exit");
  running = server;
  try {
    for await (const line of createInterface({ input: server.stdout })) {
      const address = /^HTTP gateway\s+(\S+)/.exec(line);
      if (address) return await use(address[1]);
    }
    throw new Error("`codelibra serve` ended before it listened");
  } finally {
    server.kill();
    await ended;
  }
}

// What is wrong with the layout of a page. Runs in the browser.
function inspect() {
  for (const details of document.querySelectorAll("details")) details.open = true;
  const faults = [];
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth > clientWidth) faults.push(`it is ${scrollWidth} px wide`);
  const rgb = (color) => color.match(/[\d.]+/g).map(Number);
  const luminance = (color) => {
    const [r, g, b] = rgb(color).map((c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const background = (element) => {
    const color = getComputedStyle(element).backgroundColor;
    const [, , , alpha = 1] = rgb(color);
    if (alpha === 1) return color;
    return element.parentElement ? background(element.parentElement) : "rgb(255, 255, 255)";
  };
  let texts = 0;
  for (const element of document.querySelectorAll("body, body *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (element.tagName === "SCRIPT" || !(own || element.placeholder) || !element.checkVisibility()) continue;
    texts++;
    const pseudo = element.placeholder ? "::placeholder" : null;
    const pair = [getComputedStyle(element, pseudo).color, background(element)].map(luminance);
    const ratio = (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
    if (ratio < 4.5) faults.push(`<${element.tagName}> ${element.textContent.slice(0, 40)}: contrast ${ratio.toFixed(2)}`);
    const { right, width } = element.getBoundingClientRect();
    if (width > 0 && right > clientWidth + 0.5) faults.push(`<${element.tagName}> ends at ${right} px`);
  }
  if (texts < 3) faults.push(`it has ${texts} texts`);
  return faults;
}

// The paths of the pages, and the status of each. `codes` is how many pages of codes there are among them.
async function paths(url, codes) {
  const { errors } = await (await fetch(`${url}/v1/errors`)).json();
  const found = ["/errors", "/errors?q=the", "/errors?q=nothing-like-this", `/errors/${errors[0].name}`];
  const missing = ["/nowhere", "/errors/404404", "/errors/403000", "/errors/4030", `/errors/${"UserBand".repeat(20)}`];
  found.push(...errors.slice(0, codes).map(({ code }) => `/errors/${code}`));
  return [...found.map((path) => [path, 200]), ...missing.map((path) => [path, 404])];
}

// Opens each page of a server; returns the number of pages and their faults.
async function visit(browser, name, url) {
  const faults = [];
  let pages = 0;
  for (const colorScheme of SCHEMES) {
    for (const width of WIDTHS) {
      // A narrow window is the one that a page may not fit, and its layout is the same in both schemes.
      const codes = width === WIDTHS[0] && colorScheme === SCHEMES[0] ? Infinity : 3;
      const context = await browser.newContext({ colorScheme, viewport: { width, height: 844 } });
      const page = await context.newPage();
      let where, expected;
      const fault = (text) => faults.push(`${where} (${width} px, ${colorScheme}): ${text}`);
      page.on("pageerror", (error) => fault(error.message));
      page.on("console", (message) => {
        // Chromium reports the status of a page that is a 404.
        const isStatus = expected === 404 && message.text().includes("status of 404");
        if (message.type() === "error" && !isStatus) fault(message.text());
      });
      for ([where, expected] of await paths(url, codes)) {
        const response = await page.goto(url + where);
        const type = response.headers()["content-type"];
        if (response.status() !== expected) fault(`status ${response.status()}`);
        if (!type.startsWith("text/html")) fault(`it is ${type}`);
        for (const text of await page.evaluate(inspect)) fault(text);
        if (screenshots) {
          const file = `${name}-${where.slice(1, 40).replaceAll(/\W/g, "-")}-${width}-${colorScheme}.png`;
          await page.screenshot({ path: join(screenshots, file), fullPage: true });
        }
        pages++;
      }
      // The search of the list, without a request.
      await page.goto(`${url}/errors`);
      const rows = await page.locator(".rows li:visible").count();
      await page.locator("[name=q]").fill("zzz");
      assert.equal(await page.locator(".rows li:visible").count(), 0);
      assert.equal(await page.locator("#count").textContent(), `0 of ${rows}`);
      await context.close();
    }
  }
  return { pages, faults };
}

const userDataDir = mkdtempSync(join(tmpdir(), "pages-"));
const args = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const timer = setTimeout(() => {
  console.error(`the pages took longer than ${TIMEOUT / 1000} s`);
  running?.kill();
  process.exit(1);
}, TIMEOUT);
const browser = await chromium.launch({ executablePath, args, env: { ...process.env, HOME: userDataDir } });
try {
  const servers = [
    ["codelibra", []],
    ["other", ["--catalog", catalogue]],
  ];
  let count = 0;
  const all = [];
  for (const [name, args] of servers) {
    const { pages, faults } = await serving(args, (url) => visit(browser, name, url));
    count += pages;
    all.push(...faults);
  }
  assert.deepEqual(all, []);
  console.log(`${count} pages fit ${WIDTHS.join(" and ")} px and have enough contrast`);
} finally {
  clearTimeout(timer);
  await browser.close();
  rmSync(userDataDir, { recursive: true, force: true });
}
