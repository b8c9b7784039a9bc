// IndexedDB as promises. A database is opened at its first use, and again after the browser or another tab has closed it.
export const done = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

// opener returns a function that gives the database with these stores.
export function opener(name, version, stores) {
  let opened;
  const forget = () => { opened = undefined; };
  return () => opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(name, version);
    request.onupgradeneeded = () => {
      for (const store of stores) if (!request.result.objectStoreNames.contains(store)) request.result.createObjectStore(store);
    };
    request.onsuccess = () => {
      request.result.onversionchange = () => { request.result.close(); forget(); };
      request.result.onclose = forget;
      resolve(request.result);
    };
    request.onerror = () => { forget(); reject(request.error); };
  });
}
