// Package headers is the one definition of the HTTP headers that every answer of the site has: from `anomnet serve`, from the Cloudflare
// Worker, and, as a file that Cloudflare and others read, from static hosts.
package headers

import (
	"maps"
	"slices"
	"strings"
)

// CSP is the page's content security policy: nothing but the site's own files, no inline code, no eval except WebAssembly,
// no address but its own to send to, and no string may become code but the one address that boot.mjs's policy allows.
const CSP = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; " +
	"worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types anomnet"

// workers are the scripts that run as workers of the page; a worker has the policy of its own script. They need nothing from anywhere, so theirs
// lets them connect to nowhere, not even to the site.
var workers = []string{"assets/js/thumbs.mjs", "assets/js/worker.mjs"}

// WorkerCSP is the policy of the workers.
const WorkerCSP = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; require-trusted-types-for 'script'; trusted-types 'none'"

// The values of Cache-Control: names without a hash are asked for anew each time, though an ETag saves the transfer.
const (
	NoCache   = "no-cache"
	Immutable = "public, max-age=31536000, immutable"
)

// FileName is the name under which static hosts look for File.
const FileName = "_headers"

// For returns the headers of the answer for a file of the site.
func For(name string) map[string]string {
	all := All()
	if slices.Contains(workers, name) {
		all["Content-Security-Policy"] = WorkerCSP
	}
	return all
}

// All are sent with every answer; see For.
func All() map[string]string {
	return map[string]string{
		"Content-Security-Policy":      CSP,
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Embedder-Policy": "require-corp",
		"Cross-Origin-Resource-Policy": "same-origin",
		"X-Content-Type-Options":       "nosniff",
		"Referrer-Policy":              "no-referrer",
		"Permissions-Policy":           "camera=(self), microphone=(), geolocation=()",
	}
}

// File is the text of a _headers file (Cloudflare, Netlify): All for every path, the policy of the workers, and how long a copy is good. "!" takes back
// what an earlier rule has set; without it both values would be joined.
func File() []byte {
	var b strings.Builder
	all := All()
	b.WriteString("# written by cmd/mksite\n/*\n")
	for _, k := range slices.Sorted(maps.Keys(all)) {
		b.WriteString("  " + k + ": " + all[k] + "\n")
	}
	b.WriteString("  Cache-Control: " + NoCache + "\n/models/sha256/*\n  ! Cache-Control\n  Cache-Control: " + Immutable + "\n")
	for _, name := range workers {
		b.WriteString("/" + name + "\n  ! Content-Security-Policy\n  Content-Security-Policy: " + WorkerCSP + "\n")
	}
	return []byte(b.String())
}
