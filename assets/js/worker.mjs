// Runs one Go inference instance. The first message brings the compiled module; from then on the Go program answers. The
// messages are described in wasm/protocol; this file adds two of them: exit, when the program has ended, and requests, when
// the worker made network requests (it should make none).
import "../../wasm_exec.js";

const post = (op, meta) => postMessage({ id: 0, op, meta: JSON.stringify(meta), bufs: [] });

onmessage = async ({ data }) => {
  onmessage = null;
  try {
    const go = new Go();
    const instance = await WebAssembly.instantiate(data.module, go.importObject);
    new PerformanceObserver((list) => post("requests", { count: list.getEntries().length })).observe({ type: "resource" });
    await go.run(instance);
  } catch (error) {
    console.error(error);
  }
  post("exit", {});
};
