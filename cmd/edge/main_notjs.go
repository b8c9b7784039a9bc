//go:build !js

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "edge: error: this program runs in Cloudflare's runtime; build it with: make edge")
	os.Exit(2)
}
