//go:build e2e

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/cmd/internal/site"
)

// kernelsSite builds the tests of package wasm/simd into a page that runs them in a worker with arguments from its address and collects what they print.
func kernelsSite(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.Command("go", "test", "-c", "-o", filepath.Join(dir, "test.wasm"), "anomnet/wasm/simd")
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	require.NoError(t, site.Kernels(dir))
	root, err := exec.Command("go", "env", "GOROOT").Output()
	require.NoError(t, err)
	for name, path := range map[string]string{
		"wasm_exec.js": filepath.Join(strings.TrimSpace(string(root)), "lib", "wasm", "wasm_exec.js"),
		"kernels.mjs":  "../../assets/js/kernels.mjs",
	} {
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), content, 0o644))
	}
	for name, content := range map[string]string{
		"index.html": `<!doctype html><title>kernels</title><link rel="icon" href="icon.svg"><pre id="out"></pre><script type="module" src="page.mjs"></script>`,
		"icon.svg":   `<svg xmlns="http://www.w3.org/2000/svg"></svg>`,
		"page.mjs": `const policy = trustedTypes.createPolicy("anomnet", { createScriptURL: (url) => url });
			const w = new Worker(policy.createScriptURL(new URL("worker.mjs", import.meta.url).href), { type: "module" });
			w.onmessage = ({ data }) => {
				if (data.code === undefined) document.querySelector("#out").append(data.text);
				else document.documentElement.dataset.exit = data.code;
			};
			w.postMessage([...new URLSearchParams(location.search).getAll("arg")]);`,
		"worker.mjs": `import "./wasm_exec.js";
			import { instantiate } from "./kernels.mjs";
			const decoder = new TextDecoder();
			fs.writeSync = (fd, buf) => { postMessage({ text: decoder.decode(buf) }); return buf.length; };
			onmessage = async ({ data }) => {
				const get = async (name) => (await fetch(name)).arrayBuffer();
				const kernels = [];
				for (const tier of ["simd128", "relaxed"]) {
					const module = await get("kernels-" + tier + ".wasm");
					if (!WebAssembly.validate(module)) break;
					kernels.push(await WebAssembly.compile(module));
				}
				const go = new Go();
				go.argv = ["test", ...data];
				go.exit = (code) => postMessage({ code });
				const program = await WebAssembly.compile(await get("test.wasm"));
				await go.run(await instantiate(go.importObject, program, kernels));
			};`,
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644))
	}
	return dir
}

// runKernels runs the tests of wasm/simd in the browser with flags and returns exit code and output.
func runKernels(t *testing.T, flags ...string) (code, out string) {
	t.Helper()
	p := blank(t, serve(t, kernelsSite(t)), desktop)
	require.NoError(t, chromedp.Do(p.ctx, chromedp.Navigate(p.srv.URL+"/?arg="+strings.Join(flags, "&arg="))))
	p.waitFor(`document.documentElement.dataset.exit`)
	return p.str(`document.documentElement.dataset.exit`), p.str(`document.querySelector("#out").textContent`)
}

// TestKernels runs the exactness suite over every kernel tier in the browser, relaxed among them.
func TestKernels(t *testing.T) {
	code, out := runKernels(t, "-test.v")
	t.Log(out)
	require.Equal(t, "0", code)
	for _, tier := range []string{"generic", "simd128", "relaxed-quad", "relaxed-chained"} {
		assert.Contains(t, out, "--- PASS: TestTiersGiveTheSameBits/"+tier+" ")
	}
}

// TestKernelsBench prints the benchmarks of wasm/simd in the browser, with KERNELS_BENCH=REGEXP.
func TestKernelsBench(t *testing.T) {
	which := os.Getenv("KERNELS_BENCH")
	if which == "" {
		t.Skip("KERNELS_BENCH is not set")
	}
	code, out := runKernels(t, "-test.run=XXX", "-test.bench="+which, "-test.benchtime="+os.Getenv("KERNELS_BENCHTIME"))
	t.Log(out)
	require.Equal(t, "0", code)
}
