package house

import (
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const module = "anomnet"

// Targets of the build: settings of the environment and arguments for go list.
var (
	native = target{"native", nil, nil}
	torch  = target{"torch", []string{"CGO_ENABLED=1"}, []string{"-tags=torch"}}
	js     = target{"js/wasm", []string{"GOOS=js", "GOARCH=wasm"}, nil}
)

type target struct {
	name      string
	env, args []string
}

// golist returns one line per package for a format.
func (g target) golist(t *testing.T, format string, args ...string) []string {
	t.Helper()
	args = append(append([]string{"list", "-f", format}, g.args...), args...)
	cmd := exec.Command("go", args...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), g.env...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, "go %s: %s", strings.Join(args, " "), stderr.String())
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	require.NotEmpty(t, lines[0])
	return lines
}

// within reports whether pkg is path or lies below it.
func within(pkg, path string) bool { return pkg == path || strings.HasPrefix(pkg, path+"/") }

// suite is a package for tests. It reaches testing, and so would all that import it.
const suite = module + "/core/engine/enginetest"

// TestReach holds everything that packages reach, directly or not, against what they must not reach, and says why.
func TestReach(t *testing.T) {
	small := map[string]string{
		"testing":       "test code has no place in a program that a browser loads",
		"runtime/pprof": "the profiler makes the download larger and nothing in a browser reads it",
		"net/http":      "it makes the download much larger; fetch is done by boot.mjs, once, before the page is ready",
	}
	core := map[string]string{
		"net/http":                 "core computes; it never talks to a network",
		"github.com/sugarme/gotch": "core scores without libtorch; libtorch only learns",
		"testing":                  "core is linked into the page's worker",
		module + "/wasm":           "core is below wasm",
		module + "/webui":          "core is below webui",
		module + "/trainer":        "core is below trainer",
		module + "/assets":         "core gets models and images from its caller",
		module + "/cmd":            "core is below cmd",
	}
	for _, c := range []struct {
		on       target
		packages string
		never    map[string]string
		but      string // what is allowed nevertheless
	}{
		{native, "./core/...", core, ""},
		{js, "./core/...", core, ""},
		{native, "./trainer/...", map[string]string{
			module + "/wasm":           "the trainer scores with core, like everyone else",
			module + "/webui":          "the trainer has no page",
			module + "/assets":         "the trainer gets its backbone from the caller",
			"syscall/js":               "the trainer is a native program",
			"github.com/sugarme/gotch": "without the tag torch everything builds and passes with no libtorch",
		}, ""},
		{torch, "./trainer/...", map[string]string{
			module + "/wasm":  "the trainer scores with core, like everyone else",
			module + "/webui": "the trainer has no page",
			"syscall/js":      "the trainer is a native program",
		}, ""},
		{js, "./wasm/...", map[string]string{
			module + "/webui":   "a worker has no page",
			module + "/trainer": "a worker needs no libtorch and no files",
			module + "/assets":  "what the site embeds is fetched by boot.mjs, so that it can be cached",
		}, ""},
		{js, "./webui/...", map[string]string{
			module + "/wasm":        "page and worker share the messages, nothing else",
			module + "/trainer":     "the page needs no libtorch and no files",
			module + "/core/engine": "scoring happens in workers; the page stays responsive and its program small",
		}, module + "/wasm/protocol"},
		{js, "./wasm/worker", small, ""},
		{js, "./webui/app", small, ""},
		{js, "./cmd/page", small, ""},
		{native, "./wasm/protocol", map[string]string{
			"syscall/js":     "the messages are tested on the host",
			module + "/core": "the page imports the messages; core would come along",
		}, ""},
	} {
		t.Run(c.on.name+" "+c.packages, func(t *testing.T) {
			packages := slices.DeleteFunc(c.on.golist(t, "{{.ImportPath}}", c.packages), func(pkg string) bool { return pkg == suite })
			for _, pkg := range c.on.golist(t, "{{.ImportPath}}", append([]string{"-deps"}, packages...)...) {
				for never, why := range c.never {
					if within(pkg, never) && pkg != c.but {
						t.Errorf("%s reaches %s: %s", c.packages, pkg, why)
					}
				}
			}
		})
	}
}

// TestDirectImports checks what the packages name themselves. fmt reaches os, and os reaches syscall/js in
// a browser, so a ban of these can only be direct.
func TestDirectImports(t *testing.T) {
	for _, c := range []struct {
		on       target
		packages string
		bad      func(imported string) bool
		why      string
	}{
		{native, "./core/...", outside, whyOutside},
		{js, "./core/...", outside, whyOutside},
		{native, "./core/...", foreign, "core uses the standard library, golang.org/x/image, golang.org/x/sys/cpu and aead.dev/minisign"},
		{native, "./wasm/...", foreignOrImage, "wasm uses the standard library and core"},
		{native, "./trainer/...", foreign, "the trainer reads no pickle, HDF5 or YAML through a library"},
	} {
		t.Run(c.on.name+" "+c.packages, func(t *testing.T) {
			for _, line := range c.on.golist(t, `{{.ImportPath}} {{join .Imports " "}}`, c.packages) {
				pkg, imports, _ := strings.Cut(line, " ")
				for imported := range strings.FieldsSeq(imports) {
					assert.False(t, c.bad(imported), "%s imports %s: %s", pkg, imported, c.why)
				}
			}
		})
	}
}

const whyOutside = "core gets bytes and gives results: no files, no network, no browser, no log, no flags, no cgo, no unsafe memory"

// outside reports a package through which core would touch the world around it.
func outside(p string) bool {
	return slices.Contains([]string{"os", "os/exec", "net", "log", "log/slog", "flag", "syscall", "syscall/js", "C", "unsafe"}, p)
}

// foreign reports a package that is neither ours, nor of the standard library, nor of x/image, nor x/sys/cpu, nor minisign.
func foreign(p string) bool {
	return foreignOrImage(p) && !within(p, "golang.org/x/image") && p != "golang.org/x/sys/cpu" && p != "aead.dev/minisign"
}

func foreignOrImage(p string) bool {
	first, _, _ := strings.Cut(p, "/")
	return strings.Contains(first, ".")
}

// TestTorchStaysInOnePackage: gotch panics and exits on errors and leaves memory to the caller; trainer/torch hides both.
func TestTorchStaysInOnePackage(t *testing.T) {
	for _, s := range sources(t) {
		for _, i := range s.File.Imports {
			path := strings.Trim(i.Path.Value, `"`)
			if path == "C" || within(path, "github.com/sugarme/gotch") {
				assert.True(t, strings.HasPrefix(s.Path, "trainer/torch/"), "%s imports %s: only trainer/torch may", s.Path, path)
			}
		}
	}
}

// TestSyscallJSFiles: a file that imports syscall/js says so in its name, so that go vet and go test run on the host without it.
func TestSyscallJSFiles(t *testing.T) {
	for _, s := range sources(t) {
		for _, i := range s.File.Imports {
			if i.Path.Value == `"syscall/js"` {
				assert.True(t, strings.HasSuffix(s.Path, "_js.go") || strings.HasSuffix(s.Path, "_js_test.go"), "%s imports syscall/js, want a name in _js.go", s.Path)
				assert.True(t, strings.HasPrefix(s.Path, "wasm/") || strings.HasPrefix(s.Path, "webui/") || strings.HasPrefix(s.Path, "cmd/page/"), "%s imports syscall/js", s.Path)
			}
		}
	}
}

// TestArchitectureNamesEveryPackage keeps the packages table of docs/ARCHITECTURE.md whole.
func TestArchitectureNamesEveryPackage(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docs", "ARCHITECTURE.md"))
	require.NoError(t, err)
	for _, on := range []target{native, torch, js} {
		packages := []string{"./..."}
		if on.name == js.name {
			packages = []string{"./core/...", "./wasm/...", "./webui/..."}
		}
		for _, pkg := range on.golist(t, "{{.ImportPath}}", packages...) {
			name := strings.TrimPrefix(pkg, module+"/")
			assert.True(t, strings.Contains(string(text), "`"+name+"`"), "docs/ARCHITECTURE.md has no row for %s", name)
		}
	}
}

// TestImportsAreThoseOfTheTable holds what packages name against the column "may import" of docs/ARCHITECTURE.md. A package may also name the standard library,
// its own folder, and those of its row. Generated components are left out.
func TestImportsAreThoseOfTheTable(t *testing.T) {
	row, code := regexp.MustCompile("(?m)^\\| (`[^|]+) \\| [^|]+ \\| ([^|]+) \\|$"), regexp.MustCompile("`([^`]+)`")
	may, order := map[string][]string{}, []string{} // what each package may name, as the table says it; the packages from above
	for _, m := range row.FindAllStringSubmatch(read(t, "docs/ARCHITECTURE.md"), -1) {
		allowed := strings.FieldsFunc(strings.ReplaceAll(m[2], "`", ""), func(r rune) bool { return r == ',' || r == ' ' })
		above, without, found := strings.Cut(m[2], "the above")
		if found {
			allowed = append(strings.Fields(above), slices.DeleteFunc(slices.Clone(order), func(pkg string) bool {
				return slices.ContainsFunc(strings.Fields(without), func(w string) bool { return strings.Trim(w, ",") == path.Base(pkg) })
			})...)
		}
		packages := code.FindAllStringSubmatch(m[1], -1)
		for _, p := range packages {
			order = append(order, p[1])
			for _, other := range packages {
				may[p[1]] = append(may[p[1]], other[1])
			}
			may[p[1]] = append(may[p[1]], allowed...)
		}
	}
	named := func(pkg, path string) bool {
		return slices.ContainsFunc(may[pkg], func(a string) bool {
			return a == "all" || within(path, a) || strings.HasSuffix(path, "/"+a) || a == "vugu" && (within(path, "github.com/vugu") || within(path, "webui/dom")) ||
				a == "gotch" && strings.Contains(path, "/gotch/") || strings.Contains(path, "/"+a+"/") && strings.Contains(a, "/")
		})
	}
	n := 0
	for _, s := range sources(t) {
		pkg := path.Dir(s.Path)
		if s.isTest() || may[pkg] == nil {
			continue
		}
		for _, i := range s.File.Imports {
			name, err := strconv.Unquote(i.Path.Value)
			require.NoError(t, err)
			name = strings.TrimPrefix(name, module+"/")
			if first, _, _ := strings.Cut(name, "/"); !strings.Contains(first, ".") && !slices.Contains(ours, first) || within(name, pkg) {
				continue
			}
			n++
			assert.True(t, named(pkg, name), "%s names %s, which its row of docs/ARCHITECTURE.md does not allow", s.Path, name)
		}
	}
	assert.Greater(t, n, 500)
}

// ours are the folders at the top that hold packages.
var ours = []string{"assets", "cmd", "core", "trainer", "wasm", "webui"}
