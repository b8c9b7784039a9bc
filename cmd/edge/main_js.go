package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/http"

	"github.com/syumai/workers"
	"github.com/syumai/workers/cloudflare"
	"github.com/syumai/workers/cloudflare/fetch"
	"github.com/syumai/workers/cloudflare/r2"

	"anomnet/cmd/internal/modelstore"
)

// The names of the bindings in wrangler.jsonc.
const (
	bucketBinding = "MODELS"
	assetsBinding = "ASSETS"
)

func main() { workers.Serve(modelstore.Handler(store())) }

// store is made for each request: the runtime starts the program anew each time.
func store() modelstore.Store {
	if !cloudflare.GetBinding(bucketBinding).IsUndefined() {
		return bucket{}
	}
	return static{}
}

// bucket is an R2 bucket with the files of a packed folder under their paths.
type bucket struct{}

// Get implements modelstore.Store. The body goes to the client without passing through this program.
func (bucket) Get(_ context.Context, name string) (*modelstore.Object, error) {
	b, err := r2.NewBucket(bucketBinding)
	if err != nil {
		return nil, fmt.Errorf("edge: %w", err)
	}
	o, err := b.Get(name)
	if err != nil {
		return nil, fmt.Errorf("edge: %w", err)
	}
	if o == nil {
		return nil, fs.ErrNotExist
	}
	body, ok := o.Body.(io.ReadCloser)
	if !ok {
		body = io.NopCloser(o.Body)
	}
	return &modelstore.Object{Body: body, Size: int64(o.Size)}, nil
}

// static is the folder models of the site's static files.
type static struct{}

// Get implements modelstore.Store.
func (static) Get(ctx context.Context, name string) (*modelstore.Object, error) {
	// The binding looks at the path only.
	req, err := fetch.NewRequest(ctx, http.MethodGet, "https://assets.invalid"+modelstore.Prefix+name, nil)
	if err != nil {
		return nil, fmt.Errorf("edge: %w", err)
	}
	res, err := fetch.NewClient(fetch.WithBinding(cloudflare.GetBinding(assetsBinding))).Do(req, nil)
	if err != nil {
		return nil, fmt.Errorf("edge: %w", err)
	}
	if res.StatusCode == http.StatusNotFound {
		return nil, fs.ErrNotExist
	}
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("edge: static files answered %d", res.StatusCode)
	}
	size := res.ContentLength
	if size == 0 { // the library's word for a missing header
		size = -1
	}
	return &modelstore.Object{Body: res.Body, Size: size}, nil
}
