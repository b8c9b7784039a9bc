package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"

	"anomnet/assets"
	"anomnet/cmd/internal/modelstore"
	"anomnet/cmd/internal/pack"
	"anomnet/cmd/internal/site"
	"anomnet/core/inspect"
	"anomnet/core/model"
)

// serveFlags are the flags of serve.
type serveFlags struct {
	addr, head, backbone, dir, models string
	open                              bool
}

func serveCommand(fs *flag.FlagSet) func(context.Context, *console, []string) error {
	f := &serveFlags{}
	fs.StringVar(&f.addr, "addr", "127.0.0.1:8080", "`address` to listen on; port 0 takes a free one")
	f.offered(fs)
	fs.BoolVar(&f.open, "open", false, "open the page in the browser")
	return func(ctx context.Context, c *console, args []string) error {
		if err := f.check(args); err != nil {
			return err
		}
		return f.run(ctx, c)
	}
}

// offered adds the flags that say what is served.
func (f *serveFlags) offered(fs *flag.FlagSet) {
	fs.StringVar(&f.head, "model", "", "`file` with the head to offer instead of the built-in part")
	fs.StringVar(&f.backbone, "backbone", "", backboneUsage)
	fs.StringVar(&f.models, "models", "", "packed `folder` (model pack) to offer instead of the built-in part")
	fs.StringVar(&f.dir, "site", "", "serve the page from this `folder` instead of the embedded one")
}

// check refuses what cannot be meant.
func (f *serveFlags) check(args []string) error {
	if len(args) > 0 {
		return usageError("extra arguments")
	}
	if f.models != "" && f.head != "" {
		return usageError("--models or --model, not both")
	}
	return nil
}

func (f *serveFlags) run(ctx context.Context, c *console) error {
	files, err := f.files()
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", f.addr)
	if err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	url := pageURL(l.Addr())
	fmt.Fprintln(c.out, url)
	c.log("anomnet: the page is at %s (Ctrl-C stops); images stay in the browser", url)
	if f.open {
		if err := openBrowser(url); err != nil {
			c.log("anomnet: warning: no browser was opened: %v", err)
		}
	}
	return f.serve(ctx, l, files)
}

// grace is how long requests may take to end when the server does.
const grace = 3 * time.Second

// serve answers until ctx is done. That is its usual end and no failure, also when a client is slow or says nothing: it is hung up on.
func (f *serveFlags) serve(ctx context.Context, l net.Listener, files fs.FS) error {
	srv := &http.Server{Handler: f.guard(l.Addr(), f.handler(files)), ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	select {
	case err := <-done:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	err := srv.Shutdown(stop)
	if errors.Is(err, context.DeadlineExceeded) {
		err = srv.Close()
	}
	if err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	return nil
}

// handler serves the page. Health, and the models of --models, come from the handler that the Cloudflare Worker has too.
func (f *serveFlags) handler(page fs.FS) http.Handler {
	models, files := fs.FS(page), site.Handler(page)
	if f.models != "" {
		models = os.DirFS(f.models)
	}
	store := modelstore.Handler(modelstore.Files{FS: models})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == modelstore.Health || f.models != "" && strings.HasPrefix(r.URL.Path, modelstore.Prefix) {
			store.ServeHTTP(w, r)
			return
		}
		files.ServeHTTP(w, r)
	})
}

// pageURL is where a browser on this machine finds the page. A listener on all addresses has none of its own that could be opened.
func pageURL(addr net.Addr) string {
	if tcp, ok := addr.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		return fmt.Sprintf("http://127.0.0.1:%d/", tcp.Port)
	}
	return "http://" + addr.String() + "/"
}

// guard refuses requests to a loopback listener under a foreign name: a site could point its own name at this machine (DNS
// rebinding) and would then read whatever is served here.
func (f *serveFlags) guard(addr net.Addr, next http.Handler) http.Handler {
	if tcp, ok := addr.(*net.TCPAddr); !ok || !tcp.IP.IsLoopback() {
		return next
	}
	own := []string{"localhost", "127.0.0.1", "::1", hostname(f.addr)}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := hostname(r.Host)
		if host == "" || !slices.ContainsFunc(own, func(s string) bool { return strings.EqualFold(s, host) }) {
			http.Error(w, "this server answers on this machine only, under localhost", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// hostname is a host without its port and brackets.
func hostname(hostport string) string {
	if host, _, err := net.SplitHostPort(hostport); err == nil {
		return host
	}
	return strings.TrimSuffix(strings.TrimPrefix(hostport, "["), "]")
}

// files is the page with the chosen model in the place of the built-in part.
func (f *serveFlags) files() (fs.FS, error) {
	page := assets.Site
	if f.dir != "" {
		page = os.DirFS(f.dir)
	}
	if _, err := fs.Stat(page, "index.html"); err != nil {
		return nil, errors.New("serve: this binary holds no page; build it with: make build")
	}
	noSamples := []byte("[]\n") // the built-in samples show another part
	if f.models != "" {
		if _, err := pack.Check(os.DirFS(f.models)); err != nil { // better here than in the page
			return nil, fmt.Errorf("%s: %w", f.models, err)
		}
		return replaced(page, map[string][]byte{"samples/index.json": noSamples}, "models")
	}
	if f.head == "" {
		return page, nil
	}
	file, own, err := readPart(f.head, f.backbone) // better here than in the page
	if err != nil {
		return nil, err
	}
	head, err := model.Encode(file) // the bytes that were read, which are the only ones for this content
	if err != nil {
		return nil, err
	}
	backbone, err := model.Encode(&model.File{Backbone: own})
	if err != nil {
		return nil, err
	}
	if _, err := inspect.New(own, file.Head, file.Digest, nil); err != nil {
		return nil, fmt.Errorf("%s: %w", f.head, err)
	}
	index, err := json.Marshal(map[string]string{"backbone": "backbone.anomnet", "head": "default.anomnet"})
	if err != nil {
		return nil, err
	}
	return replaced(page, map[string][]byte{"models/index.json": index, "models/backbone.anomnet": backbone, "models/default.anomnet": head,
		"samples/index.json": noSamples}, "")
}

// replaced puts files in the place of others, and a list of files that says so, since the page's service worker checks them. folder comes
// from elsewhere.
func replaced(page fs.FS, files map[string][]byte, folder string) (fs.FS, error) {
	list, err := site.Relist(page, files, folder)
	if err != nil {
		return nil, err
	}
	for name, data := range list {
		files[name] = data
	}
	return overlay{page, files}, nil
}

func openBrowser(url string) error {
	switch runtime.GOOS {
	case "darwin":
		return exec.Command("open", url).Start()
	case "windows":
		return exec.Command("rundll32", "url.dll,FileProtocolHandler", url).Start()
	}
	return exec.Command("xdg-open", url).Start()
}
