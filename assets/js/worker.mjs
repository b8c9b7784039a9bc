// Runs one Go inference instance. The first message brings the compiled modules of program and kernels; from then on the Go program answers. The
// messages are described in wasm/protocol; this file adds two of them: exit, when the program has ended, and requests, when
// the worker made network requests (it should make none).
import "../../wasm_exec.js";
import { instantiate } from "./kernels.mjs";

const post = (op, meta) => postMessage({ id: 0, op, meta: JSON.stringify(meta), bufs: [] });

onmessage = async ({ data }) => {
  onmessage = null;
  try {
    const go = new Go();
    const instance = await instantiate(go.importObject, data.module, data.kernels);
    new PerformanceObserver((list) => post("requests", { count: list.getEntries().length })).observe({ type: "resource" });
    await go.run(instance);
  } catch (error) {
    console.error(error);
  }
  post("exit", {});
};
