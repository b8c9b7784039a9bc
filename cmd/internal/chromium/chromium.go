// Package chromium finds Chromium, knows how it shows one page on the whole screen, and keeps it running.
package chromium

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// names are the programs that are looked for, in order.
var names = []string{"chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome", "microsoft-edge", "msedge",
	"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome", `C:\Program Files\Google\Chrome\Application\chrome.exe`,
	`C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe`}

// ErrAbsent is wrapped when no browser is found.
var ErrAbsent = errors.New("chromium: no browser found")

// Find returns the path of a browser; path is one that somebody chose, or "".
func Find(path string) (string, error) {
	if path != "" {
		found, err := exec.LookPath(path)
		if err != nil {
			return "", fmt.Errorf("%w: %w", ErrAbsent, err)
		}
		return found, nil
	}
	for _, name := range names {
		if found, err := exec.LookPath(name); err == nil {
			return found, nil
		}
	}
	return "", ErrAbsent
}

// Args are the arguments with which the browser shows an address on the whole screen. The profile is its own, so that nothing else has a say in it, and
// what the page keeps lies there.
func Args(url, profile string, more []string) []string {
	args := []string{
		"--user-data-dir=" + profile,
		"--kiosk",
		"--no-first-run", "--no-default-browser-check",
		"--noerrdialogs", "--hide-crash-restore-bubble", "--disable-session-crashed-bubble", // after the end of the power nobody is there to answer
		"--disable-features=Translate,MediaRouter",
		"--disable-pinch", "--overscroll-history-navigation=0", // a hand on the screen neither zooms nor goes back
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-domain-reliability", "--disable-quic",
		"--check-for-update-interval=31536000",
		"--password-store=basic",                                                                                                // no question for a keyring
		"--autoplay-policy=no-user-gesture-required",                                                                            // tones
		"--auto-accept-camera-and-microphone-capture",                                                                           // the page asks for the camera only, its policy header forbids the microphone
		"--disable-renderer-backgrounding", "--disable-background-timer-throttling", "--disable-backgrounding-occluded-windows", // a dark screen does not stop the line
		"--ozone-platform-hint=auto",
	}
	return append(append(append(args, Closed()...), more...), url)
}

// Closed are flags that close what no security policy of a page can: no name is looked up but those of this machine, and peer connections send no packets.
// cmd/e2e (TestExfiltrationThatNoPolicyStops) tries both.
func Closed() []string {
	return []string{"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.*, EXCLUDE localhost, EXCLUDE ::1, EXCLUDE [::1]",
		"--force-webrtc-ip-handling-policy", "--webrtc-ip-handling-policy=disable_non_proxied_udp"}
}

// Keeper keeps a browser running.
type Keeper struct {
	Path string
	Args []string
	Log  func(format string, args ...any)
	// First is the wait after a crash; it doubles up to Longest, and begins anew when the browser ran for Fine. Defaults: 1 s, 1 min, 1 min.
	First, Longest, Fine time.Duration
}

// grace is how long the browser may take to end by itself.
const grace = 5 * time.Second

// Run starts the browser and starts it again whenever it crashes. It returns nil when somebody closed it or ctx is done, and an error when it cannot be
// started at all. All of its processes end with it.
func (k *Keeper) Run(ctx context.Context) error {
	first, longest, fine := or(k.First, time.Second), or(k.Longest, time.Minute), or(k.Fine, time.Minute)
	for wait := first; ; wait = min(2*wait, longest) {
		cmd := exec.CommandContext(ctx, k.Path, k.Args...)
		cmd.Stderr = nil
		cmd.WaitDelay = grace
		together(cmd)
		began := time.Now()
		if err := cmd.Start(); err != nil {
			return fmt.Errorf("chromium: %w", err)
		}
		err := cmd.Wait()
		end(cmd)
		switch {
		case ctx.Err() != nil:
			return nil
		case err == nil:
			k.Log("the browser was closed")
			return nil
		}
		if time.Since(began) >= fine {
			wait = first
		}
		k.Log("the browser ended (%v); it starts again in %v", err, wait)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
	}
}

func or(d, otherwise time.Duration) time.Duration {
	if d == 0 {
		return otherwise
	}
	return d
}

// Profile is where a browser's profile lies by default.
func Profile(name string) (string, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("chromium: %w", err)
	}
	return filepath.Join(dir, name), nil
}
