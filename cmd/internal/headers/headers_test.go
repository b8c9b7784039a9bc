package headers

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFile(t *testing.T) {
	text := string(File())
	for k, v := range All() {
		assert.Equal(t, 1, strings.Count(text, "\n  "+k+": "+v+"\n"), k)
	}
	for line := range strings.Lines(text) {
		assert.LessOrEqual(t, len(line), 2000, "Cloudflare reads no longer lines")
	}
}

// TestNginx: the configuration in docs/deploy.md sends what our own servers send.
func TestNginx(t *testing.T) {
	b, err := os.ReadFile("../../../docs/deploy.md")
	require.NoError(t, err)
	text := string(b)
	for k, v := range All() {
		if k == "Content-Security-Policy" {
			v = "$policy"
		} else {
			v = `"` + v + `"`
		}
		assert.Contains(t, text, "    add_header "+k+" "+v+" always;\n")
	}
	for path, v := range map[string]string{"default": CSP, "/" + workers[0]: WorkerCSP, "/" + workers[1]: WorkerCSP} {
		assert.Regexp(t, `\n    `+regexp.QuoteMeta(path)+` +"`+regexp.QuoteMeta(v)+`";\n`, text)
	}
	assert.Len(t, workers, 2)
	assert.Contains(t, text, `"`+NoCache+`";`)
	assert.Contains(t, text, `"`+Immutable+`";`)
}

// TestPolicyIsStrict: what would open the page to code from elsewhere or let it send elsewhere must not come in unnoticed.
func TestPolicyIsStrict(t *testing.T) {
	for _, bad := range []string{"unsafe-inline", "'unsafe-eval'", "http:", "https:", "*", "ws:"} {
		assert.NotContains(t, CSP, bad)
		assert.NotContains(t, WorkerCSP, bad)
	}
	assert.NotContains(t, WorkerCSP, "connect-src", "default-src 'none' holds")
	assert.Equal(t, WorkerCSP, For("assets/js/worker.mjs")["Content-Security-Policy"])
	assert.Equal(t, All(), For("index.html"))
	for _, want := range []string{"default-src 'none'", "connect-src 'self'", "form-action 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'"} {
		assert.Contains(t, CSP, want)
	}
}
