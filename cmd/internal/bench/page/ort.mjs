// onnxruntime-web, wasm backend, one thread. The tensor is made once; outputs come back as tensors, as its users get them.
import * as ort from "./ort/ort.wasm.min.mjs";
import { answer, bytes } from "./answer.mjs";

answer(async ({ model, input, type, shape }) => {
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmPaths = new URL("./ort/", import.meta.url).href;
  const session = await ort.InferenceSession.create(await bytes(model), { executionProviders: ["wasm"], graphOptimizationLevel: "all" });
  const raw = await bytes(input);
  const data = type === "uint8" ? raw : new Float32Array(raw.buffer);
  const feeds = { [session.inputNames[0]]: new ort.Tensor(type, data, shape) };
  return () => session.run(feeds);
});
