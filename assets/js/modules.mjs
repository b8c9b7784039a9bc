// The programs and models of this site, as the page (boot.mjs) and pages of others (inspector.mjs) get them.
import { sha256 } from "./hashes.mjs";

const base = new URL("../../", import.meta.url);
export const at = (path) => new URL(path, base).href;

export async function get(path, as, options) {
  const r = await fetch(at(path), options);
  if (!r.ok) throw new Error(`${path}: ${r.status} ${r.statusText}`);
  return r[as]();
}

// What came with the site, as ArrayBuffers: its backbone and the part that it opens with, or only the file that lends its backbone to other parts.
export async function models(lent = false) {
  const { backbone, head } = await get("models/index.json", "json"), names = [backbone, head].filter(Boolean);
  return Promise.all((lent ? names.slice(0, 1) : names).map((n) => get("models/" + n, "arrayBuffer")));
}

// A program is not the one that was built.
export class Changed extends Error {}

export async function digest(bytes) {
  return Array.from(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)), (b) => b.toString(16).padStart(2, "0")).join("");
}

// compile fetches a program. checked compares its SHA-256 with the one that was built, and so waits for its last byte; else it is compiled while it arrives.
export async function compile(name, checked) {
  if (!checked) return WebAssembly.compileStreaming(fetch(at(name)));
  const bytes = await get(name, "arrayBuffer"), sum = await digest(bytes);
  if (sum !== sha256[name]) throw new Changed(`${name}: ${sum}, built was ${sha256[name]}`);
  return WebAssembly.compile(bytes);
}

// The kernel modules that this browser can run; each needs what the one before it needs, and more.
export async function kernels(checked) {
  const compiled = await Promise.all(["simd128", "relaxed"].map((tier) =>
    compile(`kernels-${tier}.wasm`, checked).catch((error) => {
      if (!(error instanceof WebAssembly.CompileError)) throw error;
    })));
  return compiled.slice(0, [...compiled, undefined].indexOf(undefined));
}
