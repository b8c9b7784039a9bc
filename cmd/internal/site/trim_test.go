package site

import (
	"bytes"
	"compress/gzip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// busy is a program that needs the runtime's tables: stacks that grow, pointers that move, panics that are caught, and a trace of one that is not.
const busy = `package main

import ("fmt"; "runtime"; "sort"; "strings")

type node struct{ next *node; name string }

func deep(n int, keep *node) int {
	var room [200]byte
	room[n%200] = byte(n)
	if n == 0 { runtime.GC(); return len(keep.name) }
	return deep(n-1, &node{keep, keep.name}) + int(room[n%200]) - int(byte(n))
}

func outer() string { return inner() } // inlined

func inner() (out string) {
	pcs := make([]uintptr, 9)
	for frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs)]); ; {
		f, more := frames.Next()
		if strings.HasPrefix(f.Function, "main.") { out += f.Function + " " }
		if !more { return }
	}
}

func middle() { last() } // inlined into what defer makes of it

func last() { fmt.Println("last", recover()) }

func early() { defer last(); panic("early") }

func late() { defer middle(); panic("late") }

func caught(f func()) (what any) { defer func() { what = recover() }(); f(); return nil }

func main() {
	done := make(chan int)
	for i := range 8 {
		go func() { s := 0; for j := range 50 { s += deep(j*10, &node{name: fmt.Sprint(i, j)}) }; done <- s }()
	}
	sum := 0
	for range 8 { sum += <-done }
	var empty []int
	words := []string{"b", "a"}
	sort.Strings(words)
	fmt.Println(sum, caught(func() { _ = empty[sum] }), caught(func() { var n *node; n.name = "x" }), words)
	fmt.Println(outer())
	early()
	fmt.Println(caught(late)) // nothing recovers that defer has not called itself
	_, file, line, _ := runtime.Caller(0)
	fmt.Println(file, line)
	panic("the end")
}
`

// TestTrim runs a program with and without its lines: it does the same, and only its trace says less.
func TestTrim(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("SKIPPED, NOT TESTED: node is not installed")
	}
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "main.go"), []byte(busy), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module busy\n\ngo 1.26\n"), 0o644))
	path := filepath.Join(dir, "busy.wasm")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags=-s -w", "-o", path)
	build.Dir, build.Env = dir, append(os.Environ(), "GOOS=js", "GOARCH=wasm", "GOWORK=off", "GOFLAGS=")
	said, err := build.CombinedOutput()
	require.NoError(t, err, "%s", said)
	goroot, err := exec.CommandContext(t.Context(), "go", "env", "GOROOT").Output()
	require.NoError(t, err)
	run := func() (out, trace string) {
		cmd := exec.CommandContext(t.Context(), node, "--stack-size=8192", filepath.Join(strings.TrimSpace(string(goroot)), "lib/wasm/wasm_exec_node.js"), path)
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		require.Error(t, cmd.Run(), "it panics")
		return stdout.String(), stderr.String()
	}
	before, trace := run()
	require.Contains(t, before, "main.inner main.outer main.main \nlast early\nlast <nil>\nlate\n")
	require.Contains(t, before, "main.go 49")
	require.Contains(t, trace, "main.go:51")

	prog, err := os.ReadFile(path)
	require.NoError(t, err)
	const other = "unicode/utf8.DecodeRuneInString"
	require.Contains(t, string(prog), "\x00"+other+"\x00")
	b, err := newBuilder(&Options{Traces: true})
	require.NoError(t, err)
	require.NoError(t, b.trimFile(path))
	after, traced := run()
	assert.Equal(t, before, after)
	assert.Contains(t, traced, "main.go:51")
	_, segments, err := dataSegments(must(os.ReadFile(path)))
	require.NoError(t, err)
	assert.Less(t, len(segments), 1000)
	kept := packed(t, must(os.ReadFile(path)))
	assert.Less(t, kept, packed(t, prog))

	b.Traces = false
	require.NoError(t, b.trimFile(path))
	assert.Less(t, packed(t, must(os.ReadFile(path))), 9*kept/10)
	after, trace = run()
	assert.Equal(t, strings.NewReplacer("busy/main.go 49", "? 0", "main.inner main.outer ", "").Replace(before), after, "calls that were inlined are not counted")
	assert.Contains(t, trace, "panic: the end")
	assert.Contains(t, trace, "main.main()")
	assert.NotContains(t, trace, "main.go")
	prog = must(os.ReadFile(path))
	assert.Contains(t, string(prog), "\x00main.deep\x00")
	assert.Contains(t, string(prog), "\x00unicode/utf8.\x00")
	assert.NotContains(t, string(prog), "\x00"+other+"\x00")
	assert.Equal(t, 1, strings.Count(string(prog), "\x00runtime.\x00"))
}

// TestTrimRefuses: what is no program of this Go stays as it is.
func TestTrimRefuses(t *testing.T) {
	data := func(bytes ...byte) []byte {
		seg := append([]byte{1, 0, 0x41, 0, 0x0b, byte(len(bytes))}, bytes...)
		return append([]byte{0, 'a', 's', 'm', 1, 0, 0, 0, sectionData, byte(len(seg))}, seg...)
	}
	header := append([]byte{0xf1, 0xff, 0xff, 0xff, 0, 0, 1, 8, 9, 0, 0, 0, 0, 0, 0, 0}, make([]byte, 16)...)
	header = append(header, headerBytes, 0, 0, 0, 0, 0, 0, 0)
	for name, prog := range map[string][]byte{
		"empty": {}, "short": {0, 'a', 's', 'm', 1, 0, 0, 0}, "cut": {0, 'a', 's', 'm', 1, 0, 0, 0, 11, 40, 1}, "no table": data(1, 2, 3),
		"cut header": data(header...), "cut tables": data(append(header, make([]byte, 40)...)...),
		"tables of other places": data(append(header, bytes.Repeat([]byte{0x7f}, 60)...)...),
	} {
		out, err := trim(prog, false)
		assert.ErrorIs(t, err, errNoTable, name)
		_, want, _ := dataSegments(prog)
		_, got, _ := dataSegments(out)
		assert.Equal(t, want, got, name)
	}
}

func FuzzTrim(f *testing.F) {
	f.Add([]byte{0, 'a', 's', 'm', 1, 0, 0, 0, 11, 8, 1, 0, 0x41, 0, 0x0b, 2, 1, 2})
	f.Fuzz(func(t *testing.T, prog []byte) {
		out, _ := trim(prog, false)
		again, _ := trim(out, true)
		assert.Equal(t, out, again)
	})
}

func packed(t *testing.T, data []byte) int {
	t.Helper()
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	require.NoError(t, err)
	_, err = w.Write(data)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.Len()
}

func must(data []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return data
}
