// answer makes a worker of a function: load is called with the first message and returns what each later one runs, once for each of
// message.times; the answer is {ms}, how many milliseconds each took. When load returns no function, that is the answer.
export const answer = (load) => {
  let once;
  onmessage = async ({ data }) => {
    try {
      if (!once) {
        const loaded = await load(data);
        if (typeof loaded === "function") once = loaded;
        postMessage(once ? { ms: [] } : loaded);
        return;
      }
      const ms = [];
      for (let i = 0; i < data.times; i++) {
        const start = performance.now();
        const wait = once();
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
