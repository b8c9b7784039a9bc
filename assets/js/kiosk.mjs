// What the view kiosk needs of the browser: its state and folders on the disk, full screen, wake lock, tones, and what the camera sees in small.
import { done, opener } from "./idb.mjs";

const STORE = "kept", db = opener("anomnet-kiosk", 1, [STORE]);
const read = async (key) => done((await db()).transaction(STORE).objectStore(STORE).get(key));

// Keeps a value; it is on the disk when the promise is fulfilled.
export async function keep(key, value) {
  const tx = (await db()).transaction(STORE, "readwrite", { durability: "strict" });
  tx.objectStore(STORE).put(value, key);
  await new Promise((resolve, reject) => { tx.oncomplete = resolve; tx.onabort = () => reject(tx.error); });
}

// The page waits for this before it loads a part, so nothing here may wait for ever.
const within = (promise, ms) => Promise.race([promise, new Promise((_, fail) => setTimeout(fail, ms, new Error("it takes too long")))]);

// What was kept, and what the server says: {state, late, policy, asked, failed}. A disk may be slow after a cold start: then late is a promise of the state,
// which the kiosk waits for, and nothing is kept in its place. The server is asked when the address has ?kiosk, or when its policy was in force before; "null"
// and 404 mean that it has none.
async function start() {
  const reading = read("state");
  let state = "", there = false, late = null;
  const arrived = () => { there = true; };
  reading.then(arrived, arrived);
  try {
    state = await within(reading, 3000) ?? "";
  } catch {
    if (!there) late = within(reading, 60_000).then((s) => s ?? "", () => ""); // else it is a browser that keeps nothing
  }
  const kiosk = new URLSearchParams(location.search).has("kiosk");
  const out = { state, late, kiosk, policy: "", asked: kiosk || /"served":true/.test(state), failed: false };
  if (!out.asked) return out;
  try {
    const r = await fetch(new URL("../../policy.json", import.meta.url), { cache: "no-store", signal: AbortSignal.timeout(5000) });
    if (r.ok) out.policy = await r.text();
    else if (r.status !== 404) out.failed = true;
    if (out.policy.trim() === "null") out.policy = "";
  } catch {
    out.failed = true;
  }
  return out;
}
export const begun = start();

// Full screen; the browser refuses it unless a person has just clicked or pressed a key, or runs with --kiosk. filled(f) tells f.
export const full = async (on) => {
  try {
    if (on && !document.fullscreenElement) await document.documentElement.requestFullscreen();
    if (!on && document.fullscreenElement) await document.exitFullscreen();
  } catch { /* it stays a window */ }
};
export const filled = (f) => document.addEventListener("fullscreenchange", () => f(Boolean(document.fullscreenElement)));

// The screen stays on, also when the page was hidden in between.
let lock, wanted = false;
export async function wake(on) {
  wanted = on;
  try {
    if (on && document.visibilityState === "visible") {
      const got = await navigator.wakeLock?.request("screen");
      if (!wanted || lock && !lock.released) await got?.release(); // left meanwhile, or there already
      else lock = got;
    }
    if (!on) { await lock?.release(); lock = undefined; }
  } catch { /* low battery, say */ }
}
document.addEventListener("visibilitychange", () => { if (wanted) wake(true); });

// Tones: one high for OK, two even ones for REVIEW, three falling ones for NG, one low for an error. Each differs in rhythm, not in pitch alone.
// Without --kiosk a browser is silent before the first click or key. What a page plans meanwhile, it would play all at once then, so only the tone of
// that very moment waits.
const tones = { ok: [[880, 0.12]], review: [[660, 0.14], [660, 0.14]], ng: [[520, 0.16], [390, 0.16], [290, 0.3]], failed: [[220, 0.4]] };
const LATE = 500; // milliseconds
let audio, due;
export function tone(kind) {
  if (!audio) {
    audio = new AudioContext();
    audio.onstatechange = () => { if (audio.state === "running" && performance.now() - due?.since < LATE) play(due.kind); };
  }
  if (audio.state === "running") return play(kind);
  due = { kind, since: performance.now() };
  if (navigator.userActivation?.hasBeenActive ?? true) audio.resume().catch(() => {});
}

function play(kind) {
  let at = audio.currentTime + 0.02;
  for (const [pitch, length] of tones[kind] ?? []) {
    const o = audio.createOscillator(), g = audio.createGain();
    o.frequency.value = pitch;
    g.gain.setValueAtTime(0, at);
    g.gain.linearRampToValueAtTime(0.4, at + 0.02);
    g.gain.setTargetAtTime(0, at + length - 0.04, 0.015);
    o.connect(g).connect(audio.destination);
    o.start(at);
    o.stop(at + length + 0.06);
    at += length + 0.08;
  }
}

// frames tells see(pixels) ten times a second what a camera sees, w x h RGBA; see(null) ends it.
let timer;
export function frames(w, h, find, see) {
  clearInterval(timer);
  if (!see) return;
  const ctx = new OffscreenCanvas(w, h).getContext("2d", { willReadFrequently: true, alpha: false });
  timer = setInterval(() => {
    const video = document.querySelector(find);
    if (!video || video.readyState < 2) return;
    ctx.drawImage(video, 0, 0, w, h);
    see(ctx.getImageData(0, 0, w, h).data);
  }, 100);
}

// Folders by what they are for: handles in memory, and on the disk for the next start.
const folders = {}, mode = { watch: "read", export: "readwrite" };
const folder = async (use) => folders[use] ??= await read("folder-" + use);

export async function choose(use) {
  if (!globalThis.showDirectoryPicker) throw new DOMException("this browser grants no folders", "NotSupportedError");
  const handle = await showDirectoryPicker({ id: "anomnet-" + use, mode: mode[use] });
  folders[use] = handle;
  if (use === "watch") forget();
  await keep("folder-" + use, handle);
  return handle.name;
}

async function usable(use, ask) {
  const handle = await folder(use);
  if (!handle) throw new DOMException("no folder was chosen", "NotFoundError");
  if (!handle.queryPermission) return handle;
  const options = { mode: mode[use] };
  let state = await handle.queryPermission(options);
  if (state !== "granted" && ask) state = await handle.requestPermission(options);
  if (state !== "granted") throw new DOMException("the folder was not granted", "NotAllowedError");
  return handle;
}
export const grant = (use) => usable(use, true);

// Listing of the watched folder: [[path, size, modified]], and as unread the folder within it that cannot be read, if there is one. Files that were settled
// are looked at again in turn, AGAIN each time, so that a folder of many thousands costs little and a file that was written anew is found.
const AGAIN = 100, DEEP = 4;
let finished = new Set(), turn = [];
const forget = () => { finished = new Set(); turn = []; };
export const settle = (path) => { finished.add(path); };
export async function listing() {
  const root = await usable("watch", false), out = [];
  if (turn.length === 0) turn = [...finished];
  const again = new Set(turn.splice(0, AGAIN)), gone = new Set(finished);
  const visit = async (dir, prefix, deep) => {
    for await (const [name, entry] of dir.entries()) {
      const path = prefix + name;
      if (entry.kind === "directory") {
        if (deep < DEEP) await visit(entry, path + "/", deep + 1).catch((error) => {
          if (error.name !== "NotFoundError") out.unread = path; // else gone between two looks
        });
        continue;
      }
      gone.delete(path);
      if (/\.(png|jpe?g|bmp|tiff?|webp)$/i.test(name) && (!finished.has(path) || again.has(path))) {
        try {
          const file = await entry.getFile();
          out.push([path, file.size, file.lastModified]);
        } catch { /* gone between two looks */ }
      }
    }
  };
  await visit(root, "", 0);
  for (const path of gone) finished.delete(path);
  return out;
}

// The bytes of a file that still is as it was listed.
export async function bytes(path, size, modified) {
  let dir = await usable("watch", false);
  const names = path.split("/"), name = names.pop();
  for (const n of names) dir = await dir.getDirectoryHandle(n);
  const file = await (await dir.getFileHandle(name)).getFile();
  if (file.size !== size || file.lastModified !== modified) throw new DOMException(path + " has changed", "InvalidStateError");
  return new Blob([await file.arrayBuffer()]);
}

// Writes a file into the folder for exports, whole or not at all.
export async function write(name, data) {
  const dir = await usable("export", false);
  const out = await (await dir.getFileHandle(name, { create: true })).createWritable();
  try {
    await out.write(data);
    await out.close();
  } catch (error) {
    await out.abort().catch(() => {});
    throw error;
  }
}
