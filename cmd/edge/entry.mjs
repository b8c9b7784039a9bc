// The worker's entry: only a few requests at once run the Go program, which starts anew, with 20 MB or more, for each. An isolate has 128 MB
// at Cloudflare. The others ask again after a moment. They use timers of their own, because a request
// that waits for another one counts as hung; and a place falls free after a time, because a cancelled request never says that it has ended.
import worker from "./worker.mjs";

const places = 4, moment = 10, longest = 5000; // milliseconds
const running = new Set();

export default {
  async fetch(request, env, ctx) {
    while (running.size >= places) {
      await new Promise((r) => setTimeout(r, moment));
      for (const place of running) if (Date.now() - place.since > longest) running.delete(place);
    }
    const place = { since: Date.now() };
    running.add(place);
    try {
      return await worker.fetch(request, env, ctx);
    } finally {
      running.delete(place);
    }
  },
};
