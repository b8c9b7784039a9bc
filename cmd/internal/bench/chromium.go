package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/chromedp"
)

// chromium is a page in a fresh, headless Chromium.
type chromium struct {
	Version string

	ctx  context.Context
	stop func()
}

// startChromium opens url.
func startChromium(ctx context.Context, exe, url string) (*chromium, error) {
	profile, err := os.MkdirTemp("", "anomnet-chromium-")
	if err != nil {
		return nil, err
	}
	ctx, kill := chromedp.NewExecAllocator(ctx, chromedp.ExecPath(exe), chromedp.Flag("headless", true), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.NoFirstRun, chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true), chromedp.UserDataDir(profile))
	ctx, end := chromedp.NewContext(ctx)
	c := &chromium{ctx: ctx, stop: func() { end(); kill(); os.RemoveAll(profile) }}
	if err := chromedp.Do(ctx, chromedp.Navigate(url)); err != nil {
		c.stop()
		return nil, fmt.Errorf("bench: %s: %w", exe, err)
	}
	v, err := chromedp.Call(ctx, browser.GetVersion, cdp.Empty{})
	if err == nil {
		c.Version = v.Product
		err = c.waitFor(`globalThis.run`)
	}
	if err != nil {
		c.stop()
		return nil, fmt.Errorf("bench: %s: %w", exe, err)
	}
	return c, nil
}

// patience is how long the page may take to load its script.
const patience = 30 * time.Second

func (c *chromium) waitFor(js string) error {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		yes, err := chromedp.Run(c.ctx, chromedp.Evaluate[bool](`Boolean(`+js+`)`))
		if yes || err != nil {
			return err
		}
	}
	return fmt.Errorf("no %s after %v", js, patience)
}

// reply is what a worker answers.
type reply struct {
	MS    []float64 `json:"ms"`
	Tiers []string  `json:"tiers"`
	Peaks []float64 `json:"peaks"`
	Parts []string  `json:"parts"`
}

// call calls a function of bench.mjs and waits for its promise.
func (c *chromium) call(function string, args ...any) (reply, error) {
	var list []string
	for _, a := range args {
		text, err := json.Marshal(a)
		if err != nil {
			return reply{}, err
		}
		list = append(list, string(text))
	}
	return chromedp.Run(c.ctx, chromedp.Evaluate[reply](function+"("+strings.Join(list, ", ")+")", chromedp.EvalAwaitPromise))
}

// contender starts a worker and makes a contender of it.
func (c *chromium) contender(t *target, engine, script string, load map[string]any) (Contender, error) {
	name := t.name + ", " + engine
	if _, err := c.call("start", name, script, load); err != nil {
		return Contender{}, err
	}
	return Contender{Net: t.name, Engine: engine, Ops: t.ops, Run: c.run(name, "")}, nil
}

// run is Contender.Run of a part of what a worker has loaded.
func (c *chromium) run(worker, part string) func(context.Context, int) ([]float64, error) {
	return func(_ context.Context, n int) ([]float64, error) {
		r, err := c.call("run", worker, n, part)
		return r.MS, err
	}
}
