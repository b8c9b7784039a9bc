package vdom

import (
	"fmt"

	"github.com/vugu/vugu"
)

// Keep is a component around another one which is built again only when a stamp changes. While it does not, neither the
// component nor what is below it is built, compared or populated, so an event costs as much as the part of the page that it
// changes.
//
// A Keep belongs to one place: it must not be in a tree twice, nor move to another parent in one step.
type Keep struct {
	name  string
	inner vugu.Builder
	stamp func() any
	env   *vugu.BuildEnv
	last  any
	kept  []*Node
}

// NewKeep returns a Keep around inner. The name is unique among its siblings; stamp returns a comparable value.
func NewKeep(name string, inner vugu.Builder, stamp func() any) *Keep {
	return &Keep{name: name, inner: inner, stamp: stamp}
}

// Build implements vugu.Builder. What is kept has an environment of its own, and Flatten takes it from there.
func (k *Keep) Build(*vugu.BuildIn) *vugu.BuildOut { return &vugu.BuildOut{} }

// nodes returns what the component was built to, as long as the stamp is the same.
func (k *Keep) nodes() ([]*Node, error) {
	now := k.stamp()
	if k.env != nil && k.kept != nil && now == k.last {
		return k.kept, nil
	}
	if k.env == nil {
		env, err := vugu.NewBuildEnv()
		if err != nil {
			return nil, fmt.Errorf("vdom: %w", err)
		}
		k.env = env
	}
	br := k.env.RunBuild(k.inner)
	var out []*Node
	for _, v := range br.Out.Out {
		if err := flatten(br, v, &out); err != nil {
			return nil, err
		}
	}
	for i, n := range out {
		// No node from elsewhere may take over one of these: it would change what is kept.
		n.Key = fmt.Sprintf("keep %s %d %s", k.name, i, n.Key)
	}
	k.kept, k.last = out, now
	return out, nil
}
