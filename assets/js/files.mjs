// Ways in: folders that were dropped, parts of archives, and checks of what comes out of them. webui/app decides what to take.

// Looks into what was dropped. It must run inside the drop event, since the browser forgets the entries after it. Returns null when there is
// no folder among them.
export function folders(transfer) {
  const entries = [...transfer.items].filter((i) => i.kind === "file").map((i) => i.webkitGetAsEntry?.()).filter(Boolean);
  return entries.some((e) => e.isDirectory) ? entries : null;
}

const CHUNK = 128; // files that are told of at once, in a task of their own
const order = new Intl.Collator("en", { numeric: true }).compare; // localeCompare makes a new one for each comparison: 3 s for 10,000 files
const read = (reader) => new Promise((resolve, reject) => reader.readEntries(resolve, reject));

// Walks through entries and tells of files in portions: found([{name, path, entry}]) returns false to stop. Folders that cannot be read are
// counted in the answer. Every read is a task of its own, so the page goes on meanwhile.
export async function walk(entries, found) {
  let portion = [], unreadable = 0;
  const tell = async () => {
    const p = portion;
    portion = [];
    if (p.length === 0) return true;
    await new Promise((resolve) => setTimeout(resolve));
    return found(p);
  };
  const visit = async (list) => {
    for (const entry of list) {
      if (entry.isFile) {
        portion.push({ name: entry.name, path: entry.fullPath.replace(/^\//, ""), entry });
        if (portion.length >= CHUNK && !await tell()) return false;
        continue;
      }
      const children = [];
      try {
        const reader = entry.createReader();
        for (let some = await read(reader); some.length > 0; some = await read(reader)) children.push(...some);
      } catch {
        unreadable++;
      }
      children.sort((a, b) => a.isDirectory - b.isDirectory || order(a.name, b.name));
      if (!await visit(children)) return false;
    }
    return true;
  };
  if (await visit(entries)) await tell();
  return unreadable;
}

// The file behind an entry.
export const fileOf = (entry) => new Promise((resolve, reject) => entry.file(resolve, reject));

const table = new Uint32Array(256).map((_, n) => { for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1; return n; });

// CRC-32 of a blob, read in portions.
export async function crc32(blob) {
  let crc = -1;
  for (const reader = blob.stream().getReader(); ;) {
    const { done, value } = await reader.read();
    if (done) return (crc ^ -1) >>> 0;
    for (let i = 0; i < value.length; i++) crc = table[(crc ^ value[i]) & 255] ^ (crc >>> 8);
  }
}

// Takes a file of an archive apart: checks size and sum, and inflates it if method is 8. Never more than size bytes come out of it, so an
// archive cannot fill the memory.
export async function unpack(blob, method, size, sum, type) {
  if (method === 8) {
    const parts = [];
    let n = 0;
    for (const reader = blob.stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader(); ;) {
      const { done, value } = await reader.read();
      if (done) break;
      n += value.length;
      if (n > size) { await reader.cancel(); throw new RangeError("more data than the archive says"); }
      parts.push(value);
    }
    blob = new Blob(parts, { type });
  }
  if (blob.size !== size) throw new RangeError(`${blob.size} bytes, the archive says ${size}`);
  if (await crc32(blob) !== sum) throw new RangeError("the checksum is wrong");
  return blob;
}

// Gives a file to the person.
export function save(blob, name) {
  const a = document.createElement("a");
  a.href = URL.createObjectURL(blob);
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(a.href), 60_000);
}

// Removes what sink wrote for earlier exports, unless the browser may still be saving it.
export async function tidy() {
  const root = await navigator.storage.getDirectory();
  for await (const old of root.keys()) {
    if (old.startsWith("export-") && Date.now() - parseInt(old.slice(7)) > 3_600_000) await root.removeEntry(old).catch(() => {}); // another tab writes it
  }
}

// A place for a large file: on the disk where the browser has one for pages, else parts of a blob, which the browser may put on the disk.
export async function sink(type) {
  try {
    await tidy();
    const root = await navigator.storage.getDirectory();
    const handle = await root.getFileHandle(`export-${Date.now()}`, { create: true });
    const out = await handle.createWritable();
    return {
      write: (data) => out.write(data),
      close: async () => { await out.close(); return (await handle.getFile()).slice(0, undefined, type); },
      abort: async () => { await out.abort(); await root.removeEntry(handle.name); },
    };
  } catch {
    const parts = [];
    return { write: async (data) => { parts.push(data); }, close: async () => new Blob(parts, { type }), abort: async () => { parts.length = 0; } };
  }
}
