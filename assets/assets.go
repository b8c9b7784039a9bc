// Package assets embeds the finished site, so that one binary serves the whole page. `go run ./cmd/mksite` builds it into
// assets/site first; without that, Site holds no index.html.
package assets

import (
	"embed"
	"io/fs"
)

//go:embed all:site
var files embed.FS

// Site is the site's files, index.html at the top, each large text or wasm file also as .br and .gz. It never changes.
var Site = sub()

func sub() fs.FS {
	site, err := fs.Sub(files, "site")
	if err != nil {
		panic(err) // the name is constant and valid
	}
	return site
}
