// The page's side of the service worker (sw.js): installs it once the page has all that it needs, and tells it whether the page has started. It is a
// script of its own, before boot.mjs, so that it works when that one does not.
const base = new URL("../../", import.meta.url), workerURL = new URL("sw.js", base).href;

// The addresses that may become workers; under require-trusted-types-for nothing else can.
const allowed = ["sw.js", "assets/js/worker.mjs", "assets/js/thumbs.mjs"].map((path) => new URL(path, base).href);
const policy = globalThis.trustedTypes?.createPolicy("anomnet", {
  createScriptURL(url) {
    if (!allowed.includes(url)) throw new TypeError("not a worker of this page: " + url);
    return url;
  },
});
export const script = (url) => policy ? policy.createScriptURL(url) : url;

const container = navigator.serviceWorker; // not in pages that are not secure
let running = false;

// ask sends a message to the worker that serves this page, or to the one that was just installed. When another one takes over meanwhile it is asked
// too: what the one before had not read is lost.
async function ask(op, args, worker = container?.controller) {
  if (!worker) return null;
  return new Promise((resolve, reject) => {
    const send = (to) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = ({ data }) => end(() => data.error ? reject(new Error(data.error)) : resolve(data.result ?? null));
      to.postMessage({ op, args }, [port2]);
    };
    const again = () => container.controller && send(container.controller);
    const timer = setTimeout(() => end(() => reject(new Error("the service worker does not answer"))), 60_000);
    const end = (how) => {
      clearTimeout(timer);
      container.removeEventListener("controllerchange", again);
      how();
    };
    container.addEventListener("controllerchange", again);
    send(worker);
  });
}

// reached waits until a new worker has one of these states, and tells whether it has; else it has failed.
const reached = (worker, ...states) => new Promise((resolve) => {
  const look = () => {
    if (states.includes(worker.state)) resolve(true);
    else if (worker.state === "redundant") resolve(false);
  };
  worker.addEventListener("statechange", look);
  look();
});

// started tells that the page runs.
export async function started() {
  running = true;
  await ask("started");
}

// start brings the site onto this device if it is not there yet. It returns when the last request of that has been made: "on" when the page works
// without the server from now on, else why not. installable is whether the browser may offer to install the page.
export async function start(installable) {
  if (!container) return "this browser offers no service worker here";
  try {
    if (container.controller) {
      await ask("repair");
    } else {
      const registration = await container.register(script(workerURL), { scope: base.href, updateViaCache: "none" });
      const worker = registration.installing ?? registration.waiting;
      if (worker && !await reached(worker, "activated")) return "the service worker could not be installed";
    }
    const worker = (await container.getRegistration(base.href))?.active;
    await ask("keep", performance.getEntriesByType("resource").map((e) => e.name).filter((url) => url.startsWith(new URL("models/", base).href)), worker);
    if (installable) link();
    return "on";
  } catch (error) {
    return String(error);
  }
}

// link names the web app manifest, so that the browser can offer to install the page. It comes this late because the browser then gets it, and
// its icons, from the service worker.
function link() {
  const el = document.createElement("link");
  el.rel = "manifest";
  el.href = new URL("assets/icons/app.webmanifest", base).href;
  document.head.append(el);
}

export const status = () => ask("status");

// apply takes the version that waits into use.
export async function apply() {
  if (await ask("apply")) location.reload();
}

// look asks the server for a new version; it returns when it is here, and can be taken, or when there is none.
export async function look() {
  const registration = await container?.getRegistration(base.href);
  if (!registration) return;
  let found = null;
  registration.addEventListener("updatefound", () => { found = registration.installing; }, { once: true });
  await registration.update();
  found ??= registration.installing;
  if (found && !await reached(found, "installed", "activating", "activated")) throw new Error("the new version could not be installed");
}

// changed(f) hears that a new version waits.
export const changed = (f) => container?.addEventListener("message", ({ data }) => { if (data === "changed") f(); });
container?.startMessages?.();

// failed tells that the page did not start, and loads it again when there is another version to go back to.
let told = false;
export async function failed() {
  if (running || told) return;
  told = true;
  try {
    if ((await ask("failed"))?.again) location.reload();
  } catch { /* nothing to go back to */ }
}
addEventListener("error", failed);
addEventListener("unhandledrejection", failed);
setTimeout(failed, 60_000);
