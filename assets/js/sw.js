// The service worker: serves one whole version of the site from this device, and never a mixture of two.
//
// A version is a cache "anomnet-BUILD" with every file that site.json lists; BUILD is the SHA-256 of site.json. It is installed whole, each file's
// SHA-256 checked, or not at all. Which version a page gets stands in a state of our own (see fresh), not in the browser's life cycle of workers:
// a new version waits until a person takes it, a page keeps the version that it was loaded with, and a version that twice did not start
// gives way to the one before.
//
// Messages from a page, each with a port for the answer: started, failed, status, apply, repair, keep. To all pages: "changed".
const BUILD = "0000000000000000000000000000000000000000000000000000000000000000"; // written by cmd/internal/site

const PREFIX = "anomnet-", STATE = "anomnet-state", MODELS = "anomnet-models";
const DAMAGED = "-";
const PATIENCE = 60_000, GRACE = 1_000, TRIES = 2, TIMEOUT = 60_000; // milliseconds, but for TRIES
const scope = new URL("./", location.href).href;
const stateURL = scope + "state", wall = () => Date.now();

// The state as it is before anything: no version, so everything comes from the server.
//   current, previous   versions: the one that pages get, and the one before while current has not yet started
//   coming              a version that is being installed
//   next                a version that is whole and waits to be taken; failed when it did not start before
//   fails               how often in a row current did not start
//   pending             pages that load and have not said that they have started: id -> since when
//   clients             pages and their workers, and the version that they were loaded with; "" for the server's, DAMAGED when files of it are gone
const fresh = () => ({ current: "", previous: "", coming: "", next: "", failed: "", fails: 0, pending: {}, clients: {} });

let known, unsaved; // the state, once read; and as it is when the device had no room for it
async function read() {
  try {
    const r = await (await caches.open(STATE)).match(stateURL);
    return { ...fresh(), ...(r ? await r.json() : {}) };
  } catch {
    return fresh();
  }
}
const state = async () => known ??= await read();

// change runs f on the state as it is stored, alone among all workers of this site, and stores the result. Without room on the device the state lives as
// long as this worker: pages load all the same. What must last is an error then.
const change = (f, must = false) => navigator.locks.request(STATE, async () => {
  const s = unsaved ? structuredClone(unsaved) : await read(), result = await f(s);
  let full = false;
  try {
    await (await caches.open(STATE)).put(stateURL, new Response(JSON.stringify(s)));
  } catch (error) {
    if (must) throw error;
    full = true;
  }
  known = s;
  unsaved = full ? s : undefined;
  return result;
});

const hex = (buffer) => Array.from(new Uint8Array(buffer), (b) => b.toString(16).padStart(2, "0")).join("");
const digest = async (buffer) => hex(await crypto.subtle.digest("SHA-256", buffer));
const store = (build) => caches.open(PREFIX + build);
const address = (path) => scope + (path === "index.html" ? "" : path); // hosts send index.html elsewhere

// What this worker itself fetched, and what it saw pass; it forgets when the browser stops it.
const since = wall(), fetched = [], seen = {};
function note(id, how, url) {
  const s = seen[id] ??= { device: 0, site: 0, other: 0, last: [] };
  s[how]++;
  if (how === "device") return;
  s.last.push(url.slice(0, 200));
  if (s.last.length > 20) s.last.shift();
}

// take fetches a file whose digest is known: from the browser's own cache where the page has just put it, else from the server.
async function take(path, want) {
  for (const cache of ["force-cache", "reload"]) {
    const r = await fetch(address(path), { cache, credentials: "omit", signal: AbortSignal.timeout(TIMEOUT) });
    const body = await r.arrayBuffer();
    fetched.push(path);
    if (r.ok && await digest(body) === want) return plain(r, body);
    if (cache === "reload") throw new Error(`${path}: ${r.ok ? "its SHA-256 is not the one in site.json" : r.status}`);
  }
}

// plain is an answer without what belongs to its transport.
function plain(r, body) {
  const headers = new Headers(r.headers);
  for (const name of ["content-encoding", "content-length", "transfer-encoding", "vary", "etag", "date"]) headers.delete(name);
  return new Response(body, { status: 200, headers });
}

// install puts a version into its cache. site.json goes in last: a cache with it is whole.
async function install(build) {
  await change((s) => { s.coming = build; });
  const cache = await store(build);
  if (await cache.match(scope + "site.json")) return;
  try {
    const list = await take("site.json", build), { files } = await list.clone().json(), all = Object.entries(files);
    await Promise.all(Array.from({ length: 6 }, async () => {
      for (let next = all.shift(); next; next = all.shift()) {
        const [path, [want]] = next;
        await cache.put(scope + path, await old(path, want) ?? await take(path, want));
      }
    }));
    await cache.put(scope + "site.json", list);
  } catch (error) {
    await caches.delete(PREFIX + build);
    await change((s) => { s.coming = ""; });
    throw error;
  }
}

// old finds a file in the version in use that has not changed since; its digest is checked again.
async function old(path, want) {
  const { current } = await state();
  const r = current && await (await store(current)).match(scope + path);
  if (!r) return undefined;
  const body = await r.arrayBuffer();
  return await digest(body) === want ? plain(r, body) : undefined;
}

// tidy removes versions that nobody needs any more.
async function tidy() {
  const live = new Set((await self.clients.matchAll({ includeUncontrolled: true, type: "all" })).map((c) => c.id));
  const names = await caches.keys(); // before the state: a version that comes later is not among them
  const s = await change((s) => {
    for (const id of Object.keys(s.clients)) if (!live.has(id) && !(id in s.pending)) delete s.clients[id];
    return s;
  });
  const needed = new Set([s.current, s.previous, s.coming, s.next, ...Object.values(s.clients)].map((build) => PREFIX + build));
  for (const name of [STATE, MODELS]) needed.add(name);
  for (const name of names) if (name.startsWith(PREFIX) && !needed.has(name)) await caches.delete(name);
}

const tell = async () => {
  for (const c of await self.clients.matchAll({ includeUncontrolled: true })) c.postMessage("changed");
};

// offer lets the version of this worker be taken.
function offer(s) {
  s.next = s.current === BUILD ? "" : BUILD;
  s.coming = "";
  if (s.failed !== s.next) s.failed = "";
}

// A version is offered as soon as it is whole: the browser lets a new worker serve only once the one before has nothing to do, which can take
// minutes, and the one before serves the new version as well.
self.addEventListener("install", (event) => event.waitUntil((async () => {
  await install(BUILD);
  if ((await read()).current) { // else the page comes from the server, and this worker serves at once
    await change(offer);
    await tell();
  }
  known = undefined; // the worker in use goes on writing it
  self.skipWaiting();
})()));
self.addEventListener("activate", (event) => event.waitUntil((async () => {
  await change((s) => {
    if (!s.current) Object.assign(s, { current: BUILD, previous: "", fails: 0 });
    offer(s);
  });
  await self.clients.claim();
  await tidy();
  await tell();
})()));

// fell books that the version in use did not start once more, and goes back to the one before when it was too often.
function fell(s) {
  s.fails++;
  if (s.fails >= TRIES && s.previous) Object.assign(s, { next: s.current, failed: s.current, current: s.previous, previous: "", fails: 0 });
}

// begin decides which version a page that is about to load gets.
async function begin(id) {
  const s = await state(), now = wall(), lost = [];
  for (const [page, at] of Object.entries(s.pending)) {
    const gone = !await self.clients.get(page) && page !== id;
    if (gone || now - at > PATIENCE) lost.push([page, now - at > GRACE]); // a page that was left at once says nothing
  }
  return change((s) => {
    for (const [page, counts] of lost) {
      if (counts && page in s.pending && s.clients[page] === s.current) fell(s);
      delete s.pending[page];
    }
    s.pending[id] = now;
    return s.clients[id] = s.current;
  });
}

// of is the version of a page or worker.
async function of(event) {
  const s = await state(), build = s.clients[event.clientId] ?? s.current;
  if (event.resultingClientId) await change((s) => { s.clients[event.resultingClientId] = build; });
  return build === DAMAGED ? "" : build;
}

async function answer(event, path) {
  const page = event.request.mode === "navigate", id = page ? event.resultingClientId : event.clientId;
  const build = page ? await begin(id) : await of(event);
  if (path.startsWith("models/sha256/")) return model(id, event.request, path);
  if (build) {
    const cache = await store(build), hit = await cache.match(scope + path);
    if (hit) {
      note(id, "device", path);
      return hit;
    }
    const mended = await mend(id, cache, path);
    if (mended) return mended;
    if (!page && mended === null) return Response.error(); // never a mixture: the page fails, and loads again without this version
  }
  note(id, "site", event.request.url);
  if (path.startsWith("models/index.json")) return index(event.request);
  try {
    return await fetch(event.request);
  } catch (error) {
    if (page) return absent();
    throw error;
  }
}

// mend brings a file back that belongs to a version and is gone from its cache. When it cannot, the answer is null and the version is given up;
// undefined is for what is no file of it.
async function mend(id, cache, path) {
  const list = await cache.match(scope + "site.json");
  const want = list && (await list.json()).files[path]?.[0];
  if (list && !want) return undefined; // no file of this version: the server's business
  try {
    if (!want) throw new Error("the list of files is gone");
    note(id, "site", address(path));
    const r = await take(path, want);
    await cache.put(scope + path, r.clone()).catch(() => {}); // there may be no room
    return r;
  } catch (error) {
    console.warn("anomnet:", String(error));
    await change((s) => {
      if ((s.clients[id] ?? s.current) === s.current) Object.assign(s, { current: s.previous, previous: "", next: "" });
      s.clients[id] = DAMAGED;
    });
    return null;
  }
}

// Models that a server offers beside the files of the site: those named by digest are kept once they were fetched, but for a page that keeps them itself
// ("no-store"), the index while it cannot be had anew. Whoever reads them checks them.
async function model(id, request, path) {
  const cache = await caches.open(MODELS), hit = await cache.match(scope + path);
  if (hit && path.endsWith(await digest(await hit.clone().arrayBuffer()))) {
    note(id, "device", path);
    return hit;
  }
  note(id, "site", request.url);
  const r = await fetch(request);
  if (r.status === 200 && request.cache !== "no-store") await cache.put(scope + path, r.clone()).catch(() => {});
  return r;
}

async function index(request) {
  const cache = await caches.open(MODELS);
  try {
    const r = await fetch(request);
    if (r.ok) await cache.put(request.url, r.clone()).catch(() => {});
    else if (r.status === 404) await cache.delete(request.url); // an index without a signature now, for instance
    return r;
  } catch (error) {
    const hit = await cache.match(request.url);
    if (hit) return hit;
    throw error;
  }
}

// keep takes in models that a page fetched before this worker served it.
async function keep(urls) {
  const cache = await caches.open(MODELS), own = await store((await state()).current);
  for (const url of urls) {
    if (!url.startsWith(scope + "models/") || await own.match(url) || await cache.match(url)) continue;
    const r = await fetch(url, { cache: "force-cache", credentials: "omit" });
    fetched.push(url.slice(scope.length));
    if (r.ok) await cache.put(url, plain(r, await r.arrayBuffer()));
  }
}

const texts = {
  en: ["AnomNet is not on this device any more", "The browser has removed it, and the server cannot be reached. Connect once and reload the page. What was taught is kept apart from it."],
  de: ["AnomNet ist nicht mehr auf diesem Gerät", "Der Browser hat es entfernt, und der Server ist nicht erreichbar. Stellen Sie einmal eine Verbindung her und laden Sie die Seite neu. Angelernte Teile liegen an einem anderen Ort."],
  zh: ["AnomNet 已不在此设备上", "浏览器已将其移除，并且无法连接服务器。请连接一次网络并重新加载页面。已示教的部件另行保存。"],
  ja: ["AnomNet はこの端末にありません", "ブラウザーが削除し、サーバーにも接続できません。一度接続してページを再読み込みしてください。教示した部品は別に保存されています。"],
  es: ["AnomNet ya no está en este dispositivo", "El navegador lo ha eliminado y no se puede acceder al servidor. Conéctese una vez y vuelva a cargar la página. Lo enseñado se guarda aparte."],
};

function absent() {
  const wish = (navigator.languages ?? []).map((l) => l.toLowerCase().split("-")[0]).find((l) => Object.hasOwn(texts, l)) ?? "en";
  const [title, text] = texts[wish];
  const html = `<!doctype html><html lang="${wish}"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>AnomNet</title><h1>${title}</h1><p>${text}</p></html>`;
  return new Response(html, { status: 503, headers: { "content-type": "text/html; charset=utf-8", "content-security-policy": "default-src 'none'", "cache-control": "no-store" } });
}

self.addEventListener("fetch", (event) => {
  const { request } = event, url = new URL(request.url);
  if (url.origin !== location.origin) return note(event.clientId, "other", request.url);
  if (request.method !== "GET" || !url.href.startsWith(scope)) return note(event.clientId, "site", request.url);
  const path = url.origin + url.pathname === scope ? "index.html" : (url.origin + url.pathname).slice(scope.length);
  event.respondWith(answer(event, path));
});

const actions = {
  // A page runs: its version is a good one, and the one before may go.
  async started({ id }) {
    await change((s) => {
      const mine = s.clients[id] ?? s.current;
      delete s.pending[id];
      if (mine === s.current) Object.assign(s, { fails: 0, previous: "" });
    });
    await tidy();
  },
  // A page could not start. The answer says whether it shall load again, which can only be when there is another version to go back to.
  async failed({ id }) {
    return change((s) => {
      if (!(id in s.pending)) return { again: false };
      delete s.pending[id];
      if (s.clients[id] !== s.current) return { again: true };
      const spare = s.previous !== "";
      fell(s);
      return { again: spare };
    });
  },
  async status({ id }) {
    const { current, next, failed, clients } = unsaved ?? await read(); // a worker that waits may have offered a version
    return { build: clients[id] ?? current, current, next, failed, worker: BUILD, since, fetched, seen: seen[id] ?? null };
  },
  // A person takes the new version. The answer says whether the page gets another one now when it loads again.
  apply: ({ id }) => change((s) => {
    const mine = s.clients[id] ??= s.current;
    if (s.next) Object.assign(s, { previous: s.current, current: s.next, next: "", failed: "", fails: 0 });
    return mine !== s.current;
  }, true),
  // The version in use is gone from this device: it is installed anew.
  async repair() {
    const s = await state();
    if (s.current && await (await store(s.current)).match(scope + "site.json")) return;
    await install(BUILD);
    await change((s) => Object.assign(s, { current: BUILD, coming: "", next: s.next === BUILD ? "" : s.next }));
  },
  keep: (_, urls) => keep(urls),
};

self.addEventListener("message", (event) => {
  const { op, args } = event.data ?? {}, port = event.ports[0];
  if (!Object.hasOwn(actions, op) || !port || !event.source) return;
  event.waitUntil((async () => {
    try {
      port.postMessage({ result: await actions[op](event.source, args) });
    } catch (error) {
      port.postMessage({ error: String(error) });
    }
  })());
});
