// Package assets embeds what the binary carries: the built page (folder site, made by `make build`) and the default models.
package assets

import (
	"embed"
	"io/fs"
)

//go:embed all:site
var site embed.FS

//go:embed models
var models embed.FS

// Site returns the built page. In a binary that was built without `make build` it holds no index.html.
func Site() fs.FS { return sub(site, "site") }

// Models returns the default models: backbone.anomnet and, with the built-in part, default.anomnet.
func Models() fs.FS { return sub(models, "models") }

// Backbone returns the bytes of the default backbone's file.
func Backbone() []byte {
	data, err := fs.ReadFile(models, "models/backbone.anomnet")
	if err != nil {
		panic("assets: the default backbone is not embedded: " + err.Error()) // the build is broken, not the input
	}
	return data
}

func sub(f embed.FS, dir string) fs.FS {
	s, err := fs.Sub(f, dir)
	if err != nil {
		panic("assets: " + err.Error()) // only a malformed constant path can cause it
	}
	return s
}
