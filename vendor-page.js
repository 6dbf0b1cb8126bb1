// Writes the page's renderer into src/mellm/web/page from what `npm ci` installed, unchanged but for two things:
// a heading with version and licence, and the name `preact` in the hooks' import. `--check` compares instead.
//
//     npm ci && npm run vendor

import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";

const PAGE = new URL("src/mellm/web/page/", import.meta.url);
const FROM = new URL("node_modules/", import.meta.url);
const FILES = [
  ["preact.js", "preact", "preact/dist/preact.mjs"],
  ["preact-hooks.js", "preact", "preact/hooks/dist/hooks.mjs"],
  ["htm.js", "htm", "htm/dist/htm.module.js"],
];

const read = (place) => readFileSync(new URL(place, FROM), "utf8");

function vendored(owner, place) {
  const { version, license } = JSON.parse(read(`${owner}/package.json`));
  const code = read(place).replace(/\n\/\/# sourceMappingURL=.*\s*$/, "").replace(/from\s*"preact"/, "from\"./preact.js\"").trimEnd();
  return `/* ${place} ${version}, ${license}; its licence is in renderer-licences.txt. Made by vendor-page.js. */\n${code}\n`;
}

const made = Object.fromEntries(FILES.map(([name, owner, place]) => [name, vendored(owner, place)]));
made["renderer-licences.txt"] = ["preact", "htm"].map((owner) => `${owner}\n\n${read(`${owner}/LICENSE`).trim()}\n`).join(`\n${"-".repeat(78)}\n\n`);

for (const [name, text] of Object.entries(made)) {
  const file = new URL(name, PAGE);
  if (!process.argv.includes("--check")) writeFileSync(file, text);
  else if (readFileSync(file, "utf8") !== text) {
    console.error(`${name} is not what npm holds: run \`npm run vendor\`.`);
    process.exitCode = 1;
  }
  if (!process.argv.includes("--check")) console.log(`${createHash("sha256").update(text).digest("hex")}  ${name}`);
}
