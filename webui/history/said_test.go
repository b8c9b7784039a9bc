package history

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/vugu/vugu"

	"anomnet/webui/dom/vdom"
)

// TestFindingIsSaidOnce: the page's own live region says it, so it stands in no other.
func TestFindingIsSaidOnce(t *testing.T) {
	f := setup(t)
	f.inspect("a.png", 1)
	f.c.Reload()
	f.c.Verify()
	assert.Equal(t, f.c.Finding(), f.p.Live)
	env, err := vugu.NewBuildEnv()
	require.NoError(t, err)
	tree, err := vdom.Flatten(env.RunBuild(f.c))
	require.NoError(t, err)
	var shown, said int
	var walk func(n *vdom.Node, live bool)
	walk = func(n *vdom.Node, live bool) {
		for _, a := range n.Attrs {
			live = live || a.Key == "aria-live" || a.Key == "role" && (a.Val == "status" || a.Val == "alert")
		}
		if strings.Contains(n.Text, f.c.Finding()) {
			shown++
			if live {
				said++
			}
		}
		for _, k := range n.Kids {
			walk(k, live)
		}
	}
	walk(tree, false)
	assert.Equal(t, 1, shown)
	assert.Zero(t, said)
}
