// One worker for each contender. Package bench calls start and run through the browser's debugging protocol; a worker answers every message with
// one, {error} or {ms: [...]}.
const workers = new Map();

const ask = (name, message) =>
  new Promise((resolve, reject) => {
    const worker = workers.get(name);
    worker.onmessage = ({ data }) => (data.error ? reject(new Error(`${name}: ${data.error}`)) : resolve(data));
    worker.onerror = (event) => reject(new Error(`${name}: ${event.message ?? "cannot load"}`));
    worker.postMessage(message);
  });

globalThis.start = (name, script, load) => {
  workers.set(name, new Worker(script, { type: "module" }));
  return ask(name, load);
};
globalThis.run = (name, times, part) => ask(name, { times, part });
// together runs several workers at once; the answer is how long an image takes of them all.
globalThis.together = async (names, times) => {
  const start = performance.now();
  await Promise.all(names.map((name) => ask(name, { times })));
  return { ms: [(performance.now() - start) / (times * names.length)] };
};
