//go:build js && wasm

// Command page is the one program of the site: in a page it is the page's (webui/app), in a worker that of an inference worker
// (wasm/worker). One file holds both, since they share the Go runtime and half of the library, and the browser compiles it once.
package main

import (
	"syscall/js"

	"anomnet/wasm/worker"
	"anomnet/webui/app"
)

// version is set by the site build (-ldflags -X).
var version = "dev"

func main() {
	if js.Global().Get("document").Truthy() {
		app.Main(version)
	} else {
		worker.Main(version)
	}
}
