// Runs what make edge built in workerd, as wrangler dev does, but without wrangler's proxy and debugger, which do not survive many requests at once:
//   node workerd.mjs NODE_MODULES FOLDER PORT
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [modules, dir, port] = process.argv.slice(2);
const { Miniflare } = createRequire(modules + "/")("miniflare");
const settings = JSON.parse(readFileSync(dir + "/wrangler.jsonc", "utf8").replace(/^\s*\/\/.*$/gm, ""));
const server = new Miniflare({
  host: "127.0.0.1", port: Number(port), compatibilityDate: settings.compatibility_date,
  modules: true, modulesRoot: dir + "/worker", scriptPath: dir + "/" + settings.main,
  modulesRules: [{ type: "ESModule", include: ["**/*.mjs", "**/*.js"] }, { type: "CompiledWasm", include: ["**/*.wasm"] }],
  assets: {
    directory: dir + "/" + settings.assets.directory, binding: settings.assets.binding, assetConfig: {},
    routerConfig: { has_user_worker: true, invoke_user_worker_ahead_of_assets: false, static_routing: { user_worker: settings.assets.run_worker_first } },
  },
});
await server.ready;
