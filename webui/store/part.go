package store

import (
	"slices"
	"strconv"
	"strings"

	"anomnet/wasm/protocol"
)

// Origin is where a version came from.
type Origin string

// The origins.
const (
	Taught   Origin = "taught"   // in this browser
	Imported Origin = "imported" // from a file
)

// Shape is how images come to the size that a head works at.
type Shape = protocol.Shape

// Shot is an image whose features are kept. Key is the start of the SHA-256 of its file and names its features.
type Shot struct {
	Key  string `json:"key"`
	SHA  string `json:"sha"`
	Name string `json:"name"`
	W    int    `json:"w"`
	H    int    `json:"h"`

	Copies protocol.Copies `json:"copies,omitempty"` // that its features hold, empty for all
}

// Version is one head of a part. Of it only Checked and Caught change, with the part's bad images, and Trust, with the keys.
type Version struct {
	N        int      `json:"n"` // from 1
	Head     string   `json:"head"`
	Backbone string   `json:"backbone"`
	Bytes    float64  `json:"bytes"`
	Made     float64  `json:"made"` // Unix time in milliseconds
	Origin   Origin   `json:"origin"`
	Parent   string   `json:"parent,omitempty"` // head that it was taught further from
	Revision int      `json:"revision,omitempty"`
	Why      string   `json:"why,omitempty"`  // "good", "renamed", "rate", "again": what made it
	Good     []string `json:"good,omitempty"` // keys of the images that it was taught from, in order
	Images   int      `json:"images"`
	Rate     float64  `json:"rate"`
	Shape    *Shape   `json:"shape,omitempty"`   // nil in records of before, for that of the part
	ROI      string   `json:"roi,omitempty"`     // region of interest as core/roi writes it
	Upright  bool     `json:"upright,omitempty"` // the part always lies the same way
	Checked  []string `json:"checked"`           // keys of the bad images that it was checked with; nil in records of before, for all
	Caught   []string `json:"caught,omitempty"`  // keys of those that it calls NG
	// Trust is what its signature was worth when it came; nil for what was made here.
	Trust *protocol.Trust `json:"trust,omitempty"`
}

// Part is a part with all its versions, the oldest first.
type Part struct {
	ID       string    `json:"id"`
	Name     string    `json:"name"`
	Use      int       `json:"use"` // the version in use
	Versions []Version `json:"versions"`
	Shape    Shape     `json:"shape"` // of the first version, see ShapeNow
	Seed     int64     `json:"seed,omitempty"`
	Shots    []Shot    `json:"shots,omitempty"` // of all versions
	Bad      []string  `json:"bad,omitempty"`   // keys of images known to be bad: every version is checked with them
}

// Version returns a version by its number, or nil.
func (p *Part) Version(n int) *Version {
	for i := range p.Versions {
		if p.Versions[i].N == n {
			return &p.Versions[i]
		}
	}
	return nil
}

// Current returns the version in use; a part has at least one version.
func (p *Part) Current() *Version {
	if v := p.Version(p.Use); v != nil {
		return v
	}
	return &p.Versions[len(p.Versions)-1]
}

// ShapeNow is the shape of the version in use: a part can be taught again at another size.
func (p *Part) ShapeNow() Shape {
	if s := p.Current().Shape; s != nil {
		return *s
	}
	return p.Shape
}

// Before is the version that one click goes back to: the one that the version in use was made from, or the one before it; nil for none.
func (p *Part) Before() *Version {
	now := p.Current()
	for i := range p.Versions {
		if v := &p.Versions[i]; now.Parent != "" && v.Head == now.Parent && v.N < now.N {
			return v
		}
	}
	for i := len(p.Versions) - 1; i >= 0; i-- {
		if p.Versions[i].N < now.N {
			return &p.Versions[i]
		}
	}
	return nil
}

// Shot returns an image by its key, or nil.
func (p *Part) Shot(key string) *Shot {
	for i := range p.Shots {
		if p.Shots[i].Key == key {
			return &p.Shots[i]
		}
	}
	return nil
}

// Recall is how many of the bad images that the version in use was checked with it calls NG, and how many these are.
func (p *Part) Recall() (caught, all int) {
	now := p.Current()
	for _, key := range p.Bad {
		switch {
		case slices.Contains(now.Caught, key):
			caught++
			all++
		case now.Checked == nil || slices.Contains(now.Checked, key):
			all++
		}
	}
	return caught, all
}

// Teachable tells whether the version in use can be taught further: its features are here.
func (p *Part) Teachable() bool { return len(p.Current().Good) > 0 }

// Bytes is the size of all heads.
func (p *Part) Bytes() float64 {
	sum := 0.0
	for _, v := range p.Versions {
		sum += v.Bytes
	}
	return sum
}

// Further are the images that the next version is taught from and checked with: those of the version in use, and added ones that are good. What is bad is
// not good, but a person may say of a bad one that it is.
func (p *Part) Further(added []Shot) (good, bad []string) {
	bad = slices.DeleteFunc(slices.Clone(p.Bad), func(key string) bool { return slices.ContainsFunc(added, func(s Shot) bool { return s.Key == key }) })
	for _, key := range p.Current().Good {
		if !slices.Contains(bad, key) {
			good = append(good, key)
		}
	}
	for _, s := range added {
		if !slices.Contains(good, s.Key) {
			good = append(good, s.Key)
		}
	}
	return good, bad
}

// checked notes that the version was checked with a bad image, and whether it calls that NG.
func (v *Version) checked(key string, caught bool) {
	if v.Checked != nil && !slices.Contains(v.Checked, key) {
		v.Checked = append(v.Checked, key)
	}
	if caught && !slices.Contains(v.Caught, key) {
		v.Caught = append(v.Caught, key)
	}
}

// add appends a version, numbers it and takes it into use.
func (p *Part) add(v Version) {
	v.N = 1
	for _, o := range p.Versions {
		v.N = max(v.N, o.N+1)
	}
	p.Versions = append(p.Versions, v)
	p.Use = v.N
}

// images takes what a model says about images.
func (p *Part) images(m *Model) {
	p.Bad = slices.DeleteFunc(p.Bad, func(key string) bool { return slices.Contains(m.Unbad, key) })
	for _, key := range m.Bad {
		if !slices.Contains(p.Bad, key) {
			p.Bad = append(p.Bad, key)
		}
	}
	for _, s := range m.Shots {
		if known := p.Shot(s.Key); known != nil {
			*known = s
		} else {
			p.Shots = append(p.Shots, s)
		}
	}
}

// Key is the short name of an image by its SHA-256 in hex.
func Key(sha string) string { return sha[:min(len(sha), 20)] }

// Draft is teaching that is not finished: of a new part, or of the part with the same ID.
type Draft struct {
	ID       string  `json:"id"`
	Name     string  `json:"name"`
	Shape    Shape   `json:"shape"`
	Rate     float64 `json:"rate"`
	Seed     int64   `json:"seed,omitempty"`
	Backbone string  `json:"backbone"`
	ROI      string  `json:"roi,omitempty"`     // region of interest as core/roi writes it
	Upright  bool    `json:"upright,omitempty"` // the part always lies the same way
	Good     []Shot  `json:"good"`
	Bad      []Shot  `json:"bad,omitempty"`
	Changed  float64 `json:"changed"` // Unix time in milliseconds
}

// FileName is a name for an exported part: safe on every system, and it says version and content.
func FileName(part string, n int, head string) string {
	clean := strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`<>:"/\|?*`, r) {
			return '-'
		}
		return r
	}, strings.TrimSpace(part))
	clean = strings.Trim(clean, ". ")
	if clean == "" {
		clean = "part"
	}
	if r := []rune(clean); len(r) > 80 {
		clean = string(r[:80])
	}
	name := clean
	if n > 1 {
		name += "-v" + strconv.Itoa(n)
	}
	return name + "-" + head[:min(8, len(head))] + ".anomnet"
}
