// Runs a Go js/wasm test program with kernel modules in node, for go test -exec:
//   KERNELS=dir  holds kernels-simd128.wasm and kernels-relaxed.wasm (go run ./cmd/mksite -kernels dir)
// A module that this node cannot run is left out, which is said aloud; its tests then run in the browser only (cmd/e2e). Node 22 and later have relaxed SIMD. Node 20
// has it behind a flag, and computes it wrongly.
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import nodePath from "node:path";
import { createRequire } from "node:module";
import { instantiate } from "../../../assets/js/kernels.mjs";

const root = process.env.GOROOT || execFileSync("go", ["env", "GOROOT"], { encoding: "utf8" }).trim();
const require = createRequire(import.meta.url);
Object.assign(globalThis, { require, fs, path: nodePath });
globalThis.crypto ??= require("node:crypto"); // node 18
require(nodePath.join(root, "lib/wasm/wasm_exec.js"));

const kernels = [];
for (const tier of ["simd128", "relaxed"]) {
  const module = fs.readFileSync(nodePath.join(process.env.KERNELS, `kernels-${tier}.wasm`));
  if (!WebAssembly.validate(module)) {
    console.error(`exec.mjs: SKIPPED: node ${process.version} cannot run the ${tier} kernels`);
    break;
  }
  kernels.push(await WebAssembly.compile(module));
}
const go = new Go();
go.argv = process.argv.slice(2);
go.env = Object.assign({ TMPDIR: os.tmpdir() }, process.env);
go.exit = process.exit;
const program = await WebAssembly.compile(fs.readFileSync(process.argv[2]));
process.on("exit", (code) => {
  if (code === 0 && !go.exited) { // deadlock: make Go print its stacks
    go._pendingEvent = { id: 0 };
    go._resume();
  }
});
await go.run(await instantiate(go.importObject, program, kernels));
