// Our engine in one tier (wasm/bench).
import "./files/wasm_exec.js";
import { instantiate } from "./files/kernels.mjs";
import { answer, bytes } from "./answer.mjs";

const value = ({ value, error }) => {
  if (error) throw new Error(error);
  return value;
};

const start = async () => {
  const kernels = [];
  for (const tier of ["simd128", "relaxed"]) {
    const module = await bytes(`files/kernels-${tier}.wasm`);
    if (!WebAssembly.validate(module)) break;
    kernels.push(await WebAssembly.compile(module));
  }
  const go = new Go();
  go.run(await instantiate(go.importObject, await WebAssembly.compile(await bytes("files/bench.wasm")), kernels));
};

answer(async ({ tier, backbone, head, pixels, width, height, file, layers }) => {
  await start();
  if (!tier) return { tiers: value(bench.tiers()), peaks: value(bench.tiers()).map((t) => value(bench.peak(t))) };
  const args = [await bytes(backbone), head ? await bytes(head) : null, await bytes(pixels), width, height, tier];
  if (!file) {
    const once = value(layers ? bench.layers(...args) : bench.load(...args));
    return () => value(once());
  }
  return Object.fromEntries(value(bench.stages(...args, await bytes(file))).map(([name, once]) => [name, () => value(once())]));
});
