// Instantiates a Go program together with its kernel modules (wasm/kernels). They need each other: the program imports the kernels' functions,
// the kernels import the program's memory. So the program gets trampolines first, and the kernels are bound behind them.
//   imports  of the program, without "kern"
//   program  its module
//   kernels  kernel modules that the browser can run, simd128 before relaxed; none is fine, the program then computes itself
export async function instantiate(imports, program, kernels) {
  const bound = {};
  let available = 0;
  const kern = { available: () => available };
  for (const { module, name } of WebAssembly.Module.imports(program)) {
    if (module === "kern" && !(name in kern)) kern[name] = (args) => bound[name](args);
  }
  const instance = await WebAssembly.instantiate(program, { ...imports, kern });
  for (const module of kernels) {
    const kernel = await WebAssembly.instantiate(module, { go: { mem: instance.exports.mem } });
    Object.assign(bound, kernel.exports);
    available++;
  }
  return instance;
}
