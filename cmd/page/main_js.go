//go:build js && wasm

// Command page is the one program of the site: in a page it is the page's (webui/app), in a worker that of an inference worker
// (wasm/worker). One file holds both, since they share the Go runtime and half of the library, and the browser compiles it once.
package main

import (
	"runtime/debug"
	"syscall/js"

	"anomnet/wasm/worker"
	"anomnet/webui/app"
)

// version is set by the site build (-ldflags -X).
var version = "dev"

// keys are public keys that the page trusts, "label=key" with semicolons between them; mksite -key sets them.
var keys string

// pageMemory is where the page collects garbage as often as it takes.
const pageMemory = 256 << 20

func main() {
	if js.Global().Get("document").Truthy() {
		// The page draws from this thread, so it collects garbage a third as often: with 10,000 results in rows a frame takes 22 ms of CPU instead of 26.
		debug.SetGCPercent(300)
		debug.SetMemoryLimit(pageMemory)
		app.Main(version, keys)
	} else {
		worker.Main(version)
	}
}
