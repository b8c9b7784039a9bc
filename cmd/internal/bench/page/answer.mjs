// answer makes a worker of a function. load is called with the first message. What it returns is the answer, except a function or an object of functions: those
// run on each later message {times, part}, part being the function's name, and the answer is {ms}, how long each of the runs took, or what they returned if
// that is a list; the first message is then answered with {parts}.
export const answer = (load) => {
  let parts;
  onmessage = async ({ data }) => {
    try {
      if (!parts) {
        let loaded = await load(data);
        if (typeof loaded === "function") loaded = { "": loaded };
        if (Object.values(loaded).every((v) => typeof v === "function")) {
          parts = loaded;
          loaded = { parts: Object.keys(parts) };
        }
        postMessage(loaded);
        return;
      }
      const once = parts[data.part ?? ""];
      const ms = [];
      for (let i = 0; i < data.times; i++) {
        const start = performance.now();
        const wait = once();
        if (Array.isArray(wait)) {
          ms.push(...wait);
          continue;
        }
        if (wait) await wait;
        ms.push(performance.now() - start);
      }
      postMessage({ ms });
    } catch (error) {
      postMessage({ error: String(error) });
    }
  };
};

export const bytes = async (url) => {
  const response = await fetch(new URL(url, import.meta.url));
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
};
