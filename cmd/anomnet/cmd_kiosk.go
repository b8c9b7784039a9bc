package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"anomnet/cmd/internal/chromium"
	"anomnet/core/policy"
	"anomnet/core/signature"
	"anomnet/trainer/atomicfile"
)

// kioskAddr is fixed: the address is the origin under which the browser keeps parts and history.
const kioskAddr = "127.0.0.1:47047"

// kioskFlags are the flags of kiosk.
type kioskFlags struct {
	serveFlags
	policy, browser, profile string
	keys                     modelJob // its --key
	more                     []string
	print                    bool
}

func kioskCommand(flags *flag.FlagSet) func(context.Context, *console, []string) error {
	f := &kioskFlags{}
	flags.StringVar(&f.addr, "addr", kioskAddr, "`address` on this machine; parts and history in the browser belong to it")
	flags.StringVar(&f.policy, "policy", "", "policy `file`; FILE.minisig beside it is checked with --key")
	flags.Func("key", "`file` with a public key that may have signed the policy; may be given more than once. Then the policy must be signed", func(s string) error {
		f.keys.keys = append(f.keys.keys, s)
		return nil
	})
	f.offered(flags)
	flags.StringVar(&f.browser, "browser", "", "`program`; default: the first Chromium, Chrome or Edge that is found")
	flags.StringVar(&f.profile, "profile", "", "`folder` of the browser's profile, in which parts and history lie; default: anomnet-kiosk in the user's configuration")
	flags.Func("browser-flag", "further `flag` for the browser; may be given more than once", func(s string) error {
		f.more = append(f.more, s)
		return nil
	})
	flags.BoolVar(&f.print, "print", false, "print the browser's command line and do nothing")
	return func(ctx context.Context, c *console, args []string) error {
		if err := f.check(args); err != nil {
			return err
		}
		return f.run(ctx, c)
	}
}

func (f *kioskFlags) run(ctx context.Context, c *console) error {
	host, port, err := net.SplitHostPort(f.addr)
	if ip := net.ParseIP(host); err != nil || (ip == nil || !ip.IsLoopback()) && host != "localhost" {
		return usageError("--addr %s: want an address of this machine, such as %s", f.addr, kioskAddr)
	}
	if f.profile == "" {
		if f.profile, err = chromium.Profile("anomnet-kiosk"); err != nil {
			return err
		}
	}
	if f.profile, err = filepath.Abs(f.profile); err != nil { // the browser may change its folder
		return err
	}
	path, err := chromium.Find(f.browser)
	if err != nil {
		return err
	}
	if f.print {
		fmt.Fprintln(c.out, quoted(append([]string{path}, chromium.Args(kioskURL(host, port), f.profile, f.more)...)))
		return nil
	}
	if err := os.MkdirAll(f.profile, 0o700); err != nil {
		return err
	}
	files, err := f.station(c)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", f.addr)
	if err != nil {
		return fmt.Errorf("kiosk: %w: is another kiosk running?", err)
	}
	_, port, _ = net.SplitHostPort(l.Addr().String()) // of port 0, for tests
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	served := make(chan error, 1)
	go func() {
		served <- f.serve(ctx, l, files)
		cancel()
	}()
	fmt.Fprintln(c.out, kioskURL(host, port))
	keeper := &chromium.Keeper{Path: path, Args: chromium.Args(kioskURL(host, port), f.profile, f.more), Log: func(format string, args ...any) {
		c.log("anomnet: kiosk: "+format, args...)
	}}
	err = keeper.Run(ctx)
	cancel()
	return errors.Join(err, <-served)
}

func kioskURL(host, port string) string { return "http://" + net.JoinHostPort(host, port) + "/?kiosk" }

// quoted writes a command line that a shell reads back.
func quoted(args []string) string {
	out := make([]string, len(args))
	for i, a := range args {
		if out[i] = a; a == "" || strings.Trim(a, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=,@%+") != "" {
			out[i] = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
		}
	}
	return strings.Join(out, " ")
}

// station is the page with the policy beside it; "null" says that there is none, which a page can tell from no answer.
func (f *kioskFlags) station(c *console) (fs.FS, error) {
	page, err := f.files()
	if err != nil {
		return nil, err
	}
	beside := map[string][]byte{"policy.json": []byte("null\n")}
	if f.policy != "" {
		text, sig, err := f.readPolicy(c)
		if err != nil {
			return nil, err
		}
		beside["policy.json"] = text
		if len(sig) > 0 {
			beside["policy.json"+sigSuffix] = sig
		}
	} else if len(f.keys.keys) > 0 {
		return nil, usageError("--key without --policy")
	}
	return overlay{page, beside}, nil
}

// counterName is a file in the profile: the highest counter of a policy that was accepted.
const counterName = "anomnet-policy-counter"

// leastCounter reads that file. Without it this is the first policy here; one that cannot be read is no leave to take an older policy.
func leastCounter(path string) (uint64, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s: %w; write the counter of the last policy into it", path, err)
	}
	return n, nil
}

// readPolicy reads the policy and checks its signature, when keys are given: then it must be signed, and not be older than one that was accepted before.
func (f *kioskFlags) readPolicy(c *console) (text, sig []byte, err error) {
	if text, err = os.ReadFile(f.policy); err != nil {
		return nil, nil, err
	}
	if _, err := policy.Decode(text); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", f.policy, err)
	}
	sig, err = os.ReadFile(f.policy + sigSuffix)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, err
	}
	keys, err := f.keys.pinned()
	if err != nil {
		return nil, nil, err
	}
	if len(keys) == 0 {
		if len(sig) > 0 {
			c.log("anomnet: warning: %s is signed, but without --key nobody checks it", f.policy)
		}
		return text, sig, nil
	}
	counter := filepath.Join(f.profile, counterName)
	least, err := leastCounter(counter)
	if err != nil {
		return nil, nil, err
	}
	res := signature.Verify(text, sig, &signature.Check{Kind: signature.Policy, Keys: keys, Counter: least, Now: time.Now()})
	switch {
	case res.State == signature.Unsigned:
		return nil, nil, fmt.Errorf("%s: not signed: there is no %s%s", f.policy, filepath.Base(f.policy), sigSuffix)
	case res.State != signature.Signed:
		return nil, nil, fmt.Errorf("%s: signature refused (%s): %s", f.policy, res.Reason, res.Detail)
	}
	if res.ExpiresSoon {
		c.log("anomnet: warning: %s: the signature expires soon", f.policy)
	}
	return text, sig, atomicfile.Write(counter, fmt.Appendln(nil, res.Statement.Counter))
}
