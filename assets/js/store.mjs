// What the page keeps on the device: files in the Origin Private File System, records in IndexedDB. A browser without files that a page can
// write has them in IndexedDB too. webui/store decides what is kept; this only keeps it. Every function returns a promise, and every write is
// whole or not there: a file is written beside its place and takes it at the end, a record is a transaction.
import { done, opener } from "./idb.mjs";

const NAME = "anomnet-store", RECORDS = "records", FILES = "files";
const db = opener(NAME, 1, [RECORDS, FILES]);

async function change(name, f) {
  const tx = (await db()).transaction(name, "readwrite", { durability: "strict" });
  const end = new Promise((resolve, reject) => {
    tx.oncomplete = resolve;
    tx.onabort = tx.onerror = () => reject(tx.error ?? new DOMException("aborted", "AbortError"));
  });
  f(tx.objectStore(name));
  await end;
}

const fetch1 = async (name, key) => done((await db()).transaction(name).objectStore(name).get(key));

// Files. A path is "folder/name".
const opfs = navigator.storage?.getDirectory && globalThis.FileSystemFileHandle?.prototype.createWritable;

async function folder(path, create) {
  const root = await navigator.storage.getDirectory();
  const at = path.lastIndexOf("/");
  let dir = root;
  for (const part of path.slice(0, at).split("/")) dir = await dir.getDirectoryHandle(part, { create });
  return [dir, path.slice(at + 1)];
}

export async function write(path, data) {
  if (!opfs) return change(FILES, (s) => s.put(new Blob([data]), path));
  const [dir, name] = await folder(path, true);
  const handle = await dir.getFileHandle(name, { create: true });
  let out;
  try {
    out = await handle.createWritable(); // into a file of its own, which takes the place of this one at close
    await out.write(data);
    await out.close();
  } catch (error) {
    await out?.abort().catch(() => {});
    if ((await handle.getFile().catch(() => null))?.size === 0) await dir.removeEntry(name).catch(() => {});
    throw error;
  }
}

// The file as a Blob, null when there is none. An empty file is one whose writing did not end.
export async function read(path) {
  if (!opfs) return await fetch1(FILES, path) ?? null;
  try {
    const [dir, name] = await folder(path, false);
    const file = await (await dir.getFileHandle(name)).getFile();
    return file.size > 0 ? file : null;
  } catch (error) {
    if (error.name === "NotFoundError") return null;
    throw error;
  }
}

// A file that is being written just now, by another tab perhaps, stays until the next time that files are swept; Chromium lists such files too.
const busy = (error) => error.name === "NoModificationAllowedError";

export async function remove(path) {
  if (!opfs) return change(FILES, (s) => s.delete(path));
  try {
    const [dir, name] = await folder(path, false);
    await dir.removeEntry(name, { recursive: true });
  } catch (error) {
    if (error.name !== "NotFoundError" && !busy(error)) throw error;
  }
}

// The names in a folder.
export async function list(path) {
  if (!opfs) {
    const keys = await done((await db()).transaction(FILES).objectStore(FILES).getAllKeys(IDBKeyRange.bound(path + "/", path + "0", false, true)));
    return [...new Set(keys.map((k) => k.slice(path.length + 1).split("/")[0]))];
  }
  try {
    const [dir] = await folder(path + "/", false);
    const names = [];
    for await (const name of dir.keys()) names.push(name);
    return names;
  } catch (error) {
    if (error.name === "NotFoundError") return [];
    throw error;
  }
}

// Records are texts by key. keys with a common beginning are read together, as [[key, text]].
export async function records(prefix) {
  const store = (await db()).transaction(RECORDS).objectStore(RECORDS);
  const range = IDBKeyRange.bound(prefix, prefix + "\uffff");
  const [keys, values] = await Promise.all([done(store.getAllKeys(range)), done(store.getAll(range))]);
  return keys.map((k, i) => [k, values[i]]);
}

export const put = (key, text) => change(RECORDS, (s) => text === null ? s.delete(key) : s.put(text, key));

// lock runs f when no other tab has the lock. Without Web Locks two tabs are not kept apart.
export const lock = (name, f) => navigator.locks ? navigator.locks.request("anomnet-" + name, f) : f();

// hold takes a lock until release or until the tab is closed; false when another tab has it.
const held = new Map();
export const hold = (name) => !navigator.locks || held.has(name) ? Promise.resolve(true) : new Promise((resolve, reject) => {
  navigator.locks.request("anomnet-" + name, { ifAvailable: true }, (lock) => {
    resolve(lock !== null);
    return lock && new Promise((free) => held.set(name, free));
  }).catch(reject);
});
export function release(name) {
  held.get(name)?.();
  held.delete(name);
}

// tell lets the other tabs know that something has changed; changed(f) hears of it.
const channel = globalThis.BroadcastChannel ? new BroadcastChannel(NAME) : null;
export const tell = () => channel?.postMessage("changed");
export const changed = (f) => { if (channel) channel.onmessage = () => f(); };

// What is used, what there may be, and whether the browser has promised to keep it.
export async function usage() {
  const [estimate, persisted] = await Promise.all([navigator.storage?.estimate?.() ?? {}, navigator.storage?.persisted?.() ?? false]);
  return { used: estimate.usage ?? 0, quota: estimate.quota ?? 0, persisted };
}

export const persist = async () => await navigator.storage?.persist?.() ?? false;

// download gives a file to the person.
export function download(blob, name) {
  const a = document.createElement("a");
  a.href = URL.createObjectURL(blob);
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(a.href), 60_000);
}
