// Inspects images in a page of your own: docs/embed.md. It runs the workers of this site, with the scores that the site's page and the command line give,
// and makes no request once load has answered, but for a worker that takes the place of one that has failed.
import { at, compile, get, kernels, models } from "./modules.mjs";

const HANG = 300_000; // milliseconds without a word after which a worker is given up

// InspectionError says that a model or an image cannot be used. code is one of protocol.Codes (wasm/protocol), hint says what to do and may be "".
export class InspectionError extends Error {
  constructor({ code, message, hint = "" }) {
    super(message);
    this.name = "InspectionError";
    this.code = code;
    this.hint = hint;
  }
}

// load fetches programs and model, starts the workers and resolves to an Inspector.
//   model    a part file: a URL, Blob or ArrayBuffer, or several, as of a head and its backbone; default: the part that came with the site
//   workers  how many images are inspected at once; default: as many as there are cores, at most 4
//   tier     of the kernels (anomnet help bench), "" for the fastest
export async function load({ model, workers = Math.min(navigator.hardwareConcurrency || 1, 4), tier = "" } = {}) {
  const parts = [model ?? []].flat(), lent = parts.length > 0; // a head without a backbone of its own stands on the site's
  const [program, modules, own, given] = await Promise.all([compile("anomnet.wasm", false), kernels(false), models(lent), Promise.all(parts.map(bytes))]);
  const start = async () => {
    const worker = new Station({ module: program, kernels: modules });
    try {
      return [worker, await worker.ask("load", { tier, lend: lent ? own.length : 0 }, [...own, ...given])];
    } catch (error) {
      worker.end(error);
      throw error;
    }
  };
  const started = await Promise.allSettled(Array.from({ length: Math.max(workers, 1) }, start)), failed = started.find((s) => s.reason);
  if (failed) {
    for (const { value } of started) value?.[0].end(failed.reason);
    throw failed.reason;
  }
  return new Inspector(started[0].value[1].meta, started.map(({ value }) => value[0]), start);
}

async function bytes(file) {
  if (file instanceof Blob) return file.arrayBuffer();
  if (file instanceof ArrayBuffer || ArrayBuffer.isView(file)) return file;
  return get(new URL(file, document.baseURI), "arrayBuffer");
}

// Inspector has one part and some workers.
class Inspector {
  #start; #most; #idle; #all; #waiting = []; #closed = false;

  constructor(part, workers, start) {
    this.part = Object.freeze(part); // protocol.LoadResult, in camelCase: part, limit, review, width, height, mode, tier and more
    this.#start = start;
    this.#most = workers.length;
    this.#idle = workers;
    this.#all = new Set(workers);
  }

  // inspect resolves to protocol.ScoreResult, in camelCase (verdict, ratio, raw, regions, ...), with
  //   map     Float32Array, [mapH][mapW], in the unit of raw: limit is where NG begins
  //   mapBox  {x, y, width, height}: where the map lies on the picture, in its pixels
  // or rejects with an InspectionError, or with signal's reason. image is the file as Blob or ArrayBuffer, or a canvas.
  async inspect(image, { name = image.name ?? "", signal } = {}) {
    signal?.throwIfAborted();
    const file = await until(fileOf(image), signal), turn = this.#take();
    let worker;
    try {
      worker = await until(turn, signal);
    } catch (error) {
      turn.then((late) => this.#free(late), () => {});
      throw error;
    }
    const answer = worker.ask("score", { name }, [file]);
    answer.catch(() => {}).finally(() => this.#free(worker));
    const { meta, bufs } = await until(answer, signal);
    return { ...meta, map: new Float32Array(bufs[0]), mapBox: boxOf(this.part, meta) };
  }

  // close ends the workers. What is not finished rejects.
  close() {
    this.#closed = true;
    for (const worker of this.#all) worker.end(closed());
    for (const { reject } of this.#waiting.splice(0)) reject(closed());
  }

  // #take resolves to a worker that has nothing to do.
  async #take() {
    if (this.#closed) throw closed();
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#serve();
    });
  }

  #free(worker) {
    if (worker.ended) this.#all.delete(worker);
    else this.#idle.push(worker);
    this.#serve();
  }

  #serve() {
    while (this.#waiting.length > 0) {
      const worker = this.#idle.pop();
      if (worker?.ended) this.#all.delete(worker);
      else if (worker) this.#waiting.shift().resolve(worker);
      else if (this.#all.size < this.#most) this.#more(this.#waiting.shift());
      else return;
    }
  }

  async #more({ resolve, reject }) {
    const place = { end() {} }; // counts while it starts
    this.#all.add(place);
    try {
      const [worker] = await this.#start();
      this.#all.add(worker);
      if (this.#closed) worker.end(closed());
      resolve(worker);
    } catch (error) {
      reject(error);
    } finally {
      this.#all.delete(place);
      this.#serve();
    }
  }
}

const closed = () => new InspectionError({ code: "cancelled", message: "the inspector was closed" });

// until is promise, or rejects with the reason of signal if that is aborted before.
async function until(promise, signal) {
  if (!signal) return promise;
  let stop;
  const aborted = new Promise((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop);
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

async function fileOf(image) {
  if (image.convertToBlob) return image.convertToBlob({ type: "image/png" });
  if (!image.toBlob) return image;
  const blob = await new Promise((resolve) => image.toBlob(resolve, "image/png"));
  if (!blob) throw new InspectionError({ code: "unreadable", message: "the canvas has no pixels" });
  return blob;
}

// boxOf is where a map lies on its picture: core/regions.Frame says the same.
function boxOf({ width, height, mode }, picture) {
  const sx = width / picture.width, sy = height / picture.height;
  const s = mode === "fit" ? Math.min(sx, sy) : Math.max(sx, sy);
  const w = mode === "stretch" ? picture.width : width / s, h = mode === "stretch" ? picture.height : height / s;
  return { x: (picture.width - w) / 2, y: (picture.height - h) / 2, width: w, height: h };
}

// overlay is the map as ImageData of one colour, which is clear at the lower end of the part's scale and most opaque at the upper. Draw it over the picture
// at mapBox.
export function overlay({ map, mapW, mapH, mapLow, mapHigh }, [r, g, b] = [255, 60, 0], opacity = 0.8) {
  const out = new ImageData(mapW, mapH);
  for (let i = 0; i < map.length; i++) out.data.set([r, g, b, 255 * opacity * (map[i] - mapLow) / (mapHigh - mapLow)], 4 * i);
  return out;
}

// Station is one worker and the questions that it has not answered.
class Station {
  #worker; #asked = new Map(); #last = 0; #timer; #up;
  ended = null; // why

  constructor(programs) {
    this.#worker = new Worker(at("assets/js/worker.mjs"), { type: "module" });
    this.#up = new Promise((resolve) => this.#asked.set("ready", { resolve, reject() {} }));
    this.#worker.onmessage = ({ data }) => this.#hear(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.end(crashed(event.message || "the worker stopped without a message"));
    };
    this.#worker.postMessage(programs);
  }

  // ask resolves to {meta, bufs} of the answer. Buffers are copied.
  async ask(op, meta, bufs) {
    if (this.ended) throw this.ended;
    const id = ++this.#last;
    const answer = new Promise((resolve, reject) => this.#asked.set(id, { resolve, reject }));
    this.#watch();
    this.#up.then(() => this.#worker.postMessage({ id, op, meta: JSON.stringify(meta), bufs })).catch((error) => this.#answer(id, "reject", error));
    return answer;
  }

  end(error) {
    if (this.ended) return;
    this.ended = error;
    this.#worker.terminate();
    clearTimeout(this.#timer);
    for (const id of [...this.#asked.keys()]) this.#answer(id, "reject", error);
  }

  #hear({ id, op, meta, bufs }) {
    this.#watch();
    switch (op) {
      case "ready": return this.#answer("ready", "resolve");
      case "result": return this.#answer(id, "resolve", { meta: camel(JSON.parse(meta)), bufs });
      case "error": return this.#answer(id, "reject", new InspectionError(JSON.parse(meta)));
      case "exit": return this.end(crashed("the worker's program has ended"));
    }
  }

  #answer(id, how, what) {
    this.#asked.get(id)?.[how](what);
    this.#asked.delete(id);
    this.#watch();
  }

  #watch() {
    clearTimeout(this.#timer);
    if (!this.ended && this.#asked.size > 0) this.#timer = setTimeout(() => this.end(crashed(`no answer for ${HANG / 1000} s`)), HANG);
  }
}

const crashed = (message) => new InspectionError({ code: "crashed", message });

// camel makes false_reject_rate falseRejectRate.
const camel = (fields) => Object.fromEntries(Object.entries(fields).map(([key, value]) => [key.replace(/_(\w)/g, (_, c) => c.toUpperCase()), value]));
