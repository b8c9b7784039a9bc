// Starts the page: fetches everything that it will ever need, at once, and runs the page's Go program. After that the page
// makes no request. The Go program finds what was fetched in globalThis.anomnet:
//   store    what is kept on the device, see store.mjs
//   spawn()  starts an inference worker and gives it the compiled modules
//   tier     kernel tier that the page's address asks for (?tier=generic), "" for the fastest
//   thumbs   the worker that makes thumbnails
//   slots    how many workers to start
//   models   promise of the model files, an array of ArrayBuffers
//   samples  promise of [{name, label, blob}]; stopSamples() gives up on them
//   files    ways in and out, see files.mjs; history, see history.mjs; kiosk, see kiosk.mjs; they come with the page, not later
//   offline  the service worker, see offline.mjs
//   sealed   whether the page may fetch nothing once it runs; seal() sees to that
//   build    promise of the SHA-256 of site.json, which names this build of the site
import "../../wasm_exec.js";
import * as files from "./files.mjs";
import { sealed } from "./hashes.mjs";
import * as history from "./history.mjs";
import * as kiosk from "./kiosk.mjs";
import { instantiate } from "./kernels.mjs";
import { at, Changed, compile, digest, get, kernels, models } from "./modules.mjs";
import * as offline from "./offline.mjs";
import * as store from "./store.mjs";

const texts = {
  en: ["AnomNet could not start", "This browser lacks something that this page needs; it stands below. Use a current Firefox, Chrome, Edge or Safari.",
    "A file of this site could not be loaded. Check the connection and reload the page.",
    "A program file of this site is not the one that was built (its SHA-256 is different), so it was not run. Tell whoever runs this station."],
  de: ["AnomNet konnte nicht starten", "Diesem Browser fehlt etwas, das diese Seite braucht; es steht unten. Nehmen Sie einen aktuellen Browser: Firefox, Chrome, Edge oder Safari.",
    "Eine Datei dieser Seite konnte nicht geladen werden. Prüfen Sie die Verbindung und laden Sie die Seite neu.",
    "Eine Programmdatei dieser Seite ist nicht die, die gebaut wurde (ihr SHA-256 ist anders), und wurde deshalb nicht ausgeführt. Sagen Sie es dem Betreiber dieser Station."],
  zh: ["AnomNet 无法启动", "此浏览器缺少本页面所需的功能（见下方）。请使用最新的 Firefox、Chrome、Edge 或 Safari。",
    "无法加载本站的一个文件。请检查网络连接，然后重新加载页面。",
    "本站的一个程序文件与构建时不同（SHA-256 不一致），因此没有运行。请告知此工位的负责人。"],
  ja: ["AnomNet を起動できませんでした", "このブラウザーには、このページに必要な機能がありません（下に表示）。最新の Firefox、Chrome、Edge、Safari のいずれかを使ってください。",
    "このサイトのファイルを読み込めませんでした。接続を確認し、ページを再読み込みしてください。",
    "このサイトのプログラムファイルがビルド時のものと異なる（SHA-256 が一致しない）ため、実行しませんでした。この端末の管理者に知らせてください。"],
  es: ["AnomNet no pudo iniciarse", "A este navegador le falta algo que esta página necesita; está escrito abajo. Use una versión actual de Firefox, Chrome, Edge o Safari.",
    "No se pudo cargar un archivo de este sitio. Compruebe la conexión y vuelva a cargar la página.",
    "Un archivo de programa de este sitio no es el que se construyó (su SHA-256 es distinto), por lo que no se ejecutó. Avise al responsable de esta estación."],
};

// language is the first of a person's wishes that there are texts for.
function language() {
  return (navigator.languages ?? []).map((wish) => wish.toLowerCase().split("-")[0]).find((base) => Object.hasOwn(texts, base)) ?? "en";
}

// fail replaces the shell by a message. It is the only text outside of the catalogues, which come with the Go program.
function fail(which, error) {
  const lang = language(), [title, ...body] = texts[lang];
  document.documentElement.lang = lang === "zh" ? "zh-Hans" : lang;
  const box = document.createElement("div");
  box.className = "shell";
  box.setAttribute("role", "alert");
  for (const [tag, text] of [["h1", title], ["p", body[which]], ["pre", String(error)]]) {
    const el = document.createElement(tag);
    el.textContent = text;
    box.append(el);
  }
  document.querySelector("#app").replaceChildren(box);
  document.documentElement.dataset.state = "failed";
  offline.failed();
}

const stop = new AbortController();

async function samples() {
  const options = { priority: "low", signal: stop.signal };
  try {
    const list = await get("samples/index.json", "json", options);
    return await Promise.all(list.map(async ({ file, label }) => ({ name: file, label, blob: await get("samples/" + file, "blob", options) })));
  } catch (error) {
    stop.abort(); // of several, those that are still on their way
    throw error;
  }
}

// Stations (?kiosk) and sealed sites run a module only when its SHA-256 is the one that was built. Elsewhere it is compiled while it arrives.
const checked = sealed || new URLSearchParams(location.search).has("kiosk");

// Old is why a browser is too old: what it lacks.
class Old extends Error {}

// What the Go program is made of beyond the first WebAssembly: i32.extend8_s, i32.trunc_sat_f64_s and memory.fill. Compiling it also shows that the browser
// knows wasm-unsafe-eval, without which our policy forbids all WebAssembly.
const probe = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 5, 3, 1, 0, 0, 0x0a, 0x1d, 1, 0x1b, 0,
  0x41, 0, 0xc0, 0x1a, 0x44, 0, 0, 0, 0, 0, 0, 0, 0, 0xfc, 2, 0x1a, 0x41, 0, 0x41, 0, 0x41, 0, 0xfc, 0x0b, 0, 0x0b];

function check() {
  if (typeof WebAssembly !== "object") throw new Old("WebAssembly");
  if (!WebAssembly.compileStreaming) throw new Old("WebAssembly.compileStreaming");
  try {
    new WebAssembly.Module(new Uint8Array(probe));
  } catch (error) {
    throw new Old(`WebAssembly: ${error}`);
  }
}

const workerURL = at("assets/js/worker.mjs"), thumbsURL = at("assets/js/thumbs.mjs");
let typed = false; // an old browser does not ask for a worker's type, and would run a module as a script
const start = (url) => new Worker(offline.script(url), { get type() { typed = true; return "module"; } });

// seal adds a policy to that of the server, for as long as the page lives: a policy can be added, never taken back. Scripts and styles are all here; what
// workers load is named file by file. Workers have a policy of their own from the start (cmd/internal/headers).
function seal() {
  const policy = document.createElement("meta"), threads = ["assets/js/worker.mjs", "assets/js/thumbs.mjs", "assets/js/kernels.mjs", "wasm_exec.js"].map(at);
  policy.httpEquiv = "Content-Security-Policy";
  policy.content = `default-src 'none'; script-src 'wasm-unsafe-eval'; worker-src ${threads.join(" ")}; img-src data: blob:; media-src blob:`;
  document.head.append(policy);
}

// build names this build: the SHA-256 of the list of its files.
const build = async () => digest(await get("site.json", "arrayBuffer"));

async function run() {
  check();
  const module = compile("anomnet.wasm", checked); // the page's program and the workers'
  const modules = Promise.all([module, kernels(checked)]);
  modules.catch(() => {});
  const thumbs = start(thumbsURL);
  if (!typed) throw new Old("modules in workers");
  globalThis.anomnet = Object.freeze({
    store,
    // Not before the page asks: starting a worker earlier was not faster on two cores.
    spawn() {
      const w = start(workerURL);
      modules.then(([module, kernels]) => w.postMessage({ module, kernels }));
      return w;
    },
    thumbs,
    files,
    history,
    kiosk,
    offline,
    build: build(),
    sealed,
    seal,
    slots: Math.min(navigator.hardwareConcurrency || 2, 8),
    // The model is ready only when the program that runs it is there too.
    models: Promise.all([models(), modules]).then(([files]) => files),
    tier: new URLSearchParams(location.search).get("tier") ?? "",
    samples: samples(),
    stopSamples: () => stop.abort(),
  });
  // Go awaits these; until it does, a failure must not count as unhandled.
  for (const p of [globalThis.anomnet.models, globalThis.anomnet.samples, globalThis.anomnet.build]) p.catch(() => {});
  const go = new Go();
  go.run(await instantiate(go.importObject, checked ? (await modules)[0] : await module, [])).then(() => fail(1, "the page's program has ended"));
}

run().catch((error) => (error instanceof Old ? fail(0, error.message) : fail(error instanceof Changed ? 2 : 1, error)));
