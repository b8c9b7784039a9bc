package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"anomnet/cmd/internal/chromium"
	"anomnet/core/imaging"
	"anomnet/core/inspect"
	"anomnet/core/model"
	"anomnet/core/policy"
	"anomnet/trainer"
	"anomnet/trainer/dataset"
)

// console writes results to out and progress to err; progress is drawn only on a terminal.
type console struct {
	out, err io.Writer
	terminal bool

	mu    sync.Mutex
	last  time.Time
	start time.Time
	stage string
	drawn bool
}

func newConsole(stdout, stderr io.Writer) *console {
	c := &console{out: stdout, err: stderr}
	if f, ok := stderr.(*os.File); ok {
		info, err := f.Stat()
		c.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return c
}

// progress draws at most ten times a second.
func (c *console) progress(stage string, done, total int) {
	if !c.terminal || total == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if stage != c.stage {
		c.stage, c.start = stage, now
	} else if now.Sub(c.last) < 100*time.Millisecond {
		return
	}
	c.last, c.drawn = now, true
	left := ""
	if done > 0 {
		left = time.Duration(float64(now.Sub(c.start))/float64(done)*float64(total-done)).Round(time.Second).String() + " left"
	}
	fmt.Fprintf(c.err, "\r\033[K%s %d/%d %s", stage, done, total, left)
}

// finish clears the progress line.
func (c *console) finish() {
	if c.drawn {
		fmt.Fprint(c.err, "\r\033[K")
		c.drawn = false
	}
}

// log writes a line to stderr.
func (c *console) log(format string, args ...any) {
	c.finish()
	fmt.Fprintf(c.err, format+"\n", args...)
}

// hint says what a person can do about an error.
func hint(err error) string {
	var ie *imaging.Error
	switch {
	case errors.Is(err, model.ErrMismatch):
		return "name the file of its backbone, or a folder with it: --backbone; 'anomnet model join' makes one file of both; or teach the part again"
	case errors.As(err, &ie), errors.Is(err, model.ErrCorrupt):
		_, h := inspect.ErrorCode(err)
		return h
	case errors.Is(err, dataset.ErrNoImages):
		return "name a folder with PNG, JPEG, BMP, TIFF or WebP files"
	case errors.Is(err, trainer.ErrNoTorch):
		return "build with libtorch: make torch, then bin/anomnet train; 'anomnet teach' needs none"
	case errors.Is(err, policy.ErrMalformed):
		return "'anomnet policy format FILE' writes a policy that a person has edited in its one form"
	case errors.Is(err, chromium.ErrAbsent):
		return "install Chromium, or name a browser with --browser"
	case errors.Is(err, os.ErrNotExist):
		return "check the path"
	}
	return ""
}

// oneLine keeps a name that came from outside from forging a second line of output or speaking to the terminal: a text with
// control characters, or one that is not UTF-8, is quoted.
func oneLine(text string) string {
	if q := strconv.QuoteToGraphic(text); strings.ContainsFunc(text, unicode.IsControl) || !utf8.ValidString(text) {
		return q
	}
	return text
}

// keepError remembers the first error of a writer: results that did not arrive are a failure (a full disk, a closed pipe).
type keepError struct {
	w   io.Writer
	err error
}

func (k *keepError) Write(p []byte) (int, error) {
	n, err := k.w.Write(p)
	if k.err == nil && err != nil {
		k.err = fmt.Errorf("results: %w", err)
	}
	return n, err
}
