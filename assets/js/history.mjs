// The history on this device: the lines that core/audit makes, each under its number. Nothing here can change a line or leave a gap: entries
// are added in one transaction that fails as a whole when one of the numbers is taken, by another tab for instance.
import { done, opener } from "./idb.mjs";

const NAME = "anomnet-history", STORE = "lines", FILES = "files"; // FILES: number of the entry by the key of an image's file (webui/history, FileKey)
const db = opener(NAME, 2, [STORE, FILES]);

const lines = async () => (await db()).transaction(STORE).objectStore(STORE);

// Number and line of the last entry; 0 and "" without any.
export async function last() {
  const cursor = await done((await lines()).openCursor(null, "prev"));
  return cursor ? { seq: cursor.key, line: cursor.value } : { seq: 0, line: "" };
}

// Which of these keys stand in the history.
export async function known(keys) {
  const store = (await db()).transaction(FILES).objectStore(FILES);
  return Promise.all(keys.map(async (k) => await done(store.getKey(k)) !== undefined));
}

// Adds lines with the numbers from first on, and the keys of their files ("" for none), which no other entry may have. It returns when they are on the
// disk (durability: strict), and fails with ConstraintError when another tab was faster, QuotaExceededError when there is no room.
export async function add(first, added, keys) {
  const tx = (await db()).transaction([STORE, FILES], "readwrite", { durability: "strict" });
  const end = new Promise((resolve, reject) => {
    tx.oncomplete = resolve;
    tx.onabort = () => reject(tx.error ?? new DOMException("aborted", "AbortError"));
  });
  end.catch(() => {}); // it is awaited only when nothing throws before
  const store = tx.objectStore(STORE);
  added.forEach((line, i) => store.add(line, first + i));
  keys.forEach((key, i) => key && tx.objectStore(FILES).add(first + i, key));
  await end;
}

// Lines first to last, with their line ends.
export const range = async (first, last) => done((await lines()).getAll(IDBKeyRange.bound(first, last)));

// All lines as one file.
export async function file() {
  const parts = [];
  const { seq } = await last();
  for (let at = 1; at <= seq; at += 2000) parts.push(new Blob(await range(at, Math.min(at + 1999, seq))));
  return new Blob(parts, { type: "application/jsonl" });
}

// Runs f while no other tab does. Without locks (pages that are not secure have none) it runs at once: add keeps the order.
export const alone = (f) => navigator.locks ? navigator.locks.request(NAME, f) : f();

// Tells f when another tab has added entries; saying so is said().
const channel = globalThis.BroadcastChannel ? new BroadcastChannel(NAME) : null;
export const said = () => channel?.postMessage(0);
export const heard = (f) => { if (channel) channel.onmessage = () => f(); };

// How much room the browser gives, in bytes.
export async function room() {
  try {
    const { usage, quota } = await navigator.storage.estimate();
    return { usage, quota };
  } catch {
    return { usage: 0, quota: 0 };
  }
}
