// Package assets embeds what the binary carries: the finished site, so that one binary serves the whole page, and the default
// backbone. `go run ./cmd/mksite` builds the site into assets/site first; without that, Site holds no index.html.
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

//go:embed models/backbone.anomnet
var backbone []byte

// Backbone is the file of the default backbone; it must not be changed.
func Backbone() []byte { return backbone }
