package store

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Library is what is kept on the device.
type Library struct{ disk Disk }

// NewLibrary returns the library on a disk.
func NewLibrary(d Disk) *Library { return &Library{disk: d} }

// Parts returns all parts by name. Records that cannot be read are left out: nothing is worth losing the others for.
func (l *Library) Parts() ([]Part, error) {
	parts, _, err := load(l.disk, partKey, func(p *Part) bool { return len(p.Versions) > 0 })
	slices.SortStableFunc(parts, func(a, b Part) int { return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.ID, b.ID)) })
	return parts, err
}

// Drafts returns unfinished teaching, the latest first.
func (l *Library) Drafts() ([]Draft, error) {
	drafts, _, err := load(l.disk, draftKey, func(d *Draft) bool { return checkID(d.ID) == nil })
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(drafts, func(a, b Draft) int { return cmp.Compare(b.Changed, a.Changed) })
	return drafts, nil
}

// load reads records, and counts those that it cannot read.
func load[T any](d Disk, prefix string, good func(*T) bool) (out []T, bad int, err error) {
	texts, err := d.Records(prefix)
	if err != nil {
		return nil, 0, err
	}
	for _, text := range texts {
		var v T
		if json.Unmarshal([]byte(text), &v) != nil || !good(&v) {
			bad++
			continue
		}
		out = append(out, v)
	}
	return out, bad, nil
}

// part reads a part anew; another tab may have changed it.
func (l *Library) part(id string) (*Part, error) {
	if err := checkID(id); err != nil {
		return nil, err
	}
	texts, err := l.disk.Records(partKey + id)
	if err != nil {
		return nil, err
	}
	text, ok := texts[partKey+id]
	if !ok {
		return nil, fmt.Errorf("%w: part %s", ErrGone, id)
	}
	p := &Part{}
	if err := json.Unmarshal([]byte(text), p); err != nil || len(p.Versions) == 0 {
		return nil, fmt.Errorf("store: the record of part %s cannot be read", id)
	}
	return p, nil
}

func (l *Library) put(key string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	return l.disk.Put(key, string(b))
}

// Model is a head to keep. Backbone is nil only when it is stored already: the site's own may be another one day, so each part has its own here.
type Model struct {
	Name           string
	Version        Version
	Head, Backbone Blob
	Signature      Blob // its signature file, nil for none
	Signed         Blob // what that is of, nil when it is the head
	Shape          Shape
	Seed           int64
	Shots          []Shot
	Bad, Unbad     []string // keys of images that are bad, and that are no longer: of others, a person may have said so meanwhile
	Further        bool     // it is made of a version of the part: when that is deleted meanwhile, it stays so
}

// Add keeps a head as a new version of a part and takes it into use. The part is the one with the id; without one, the one with the same head or
// the same name, else a new one with the id fresh. A head that the part has already is taken into use, with what is known about its images now.
func (l *Library) Add(id, fresh string, m Model) (*Part, error) {
	var p *Part
	err := l.disk.Lock(func() (err error) {
		if p, err = l.target(id, fresh, &m); err != nil {
			return err
		}
		for i := range p.Versions {
			v := &p.Versions[i]
			if v.Head != m.Version.Head {
				continue
			}
			p.Use = v.N
			if err := l.files(&m); err != nil { // it may have been here without its signature, or its backbone
				return err
			}
			for _, key := range m.Version.Checked {
				v.checked(key, slices.Contains(m.Version.Caught, key))
			}
			p.images(&m)
			if m.Signature != nil {
				v.Trust = m.Version.Trust
			}
			return l.put(partKey+p.ID, p)
		}
		if err := l.files(&m); err != nil {
			return err
		}
		p.Name = m.Name
		m.Version.Shape = &m.Shape
		p.add(m.Version)
		p.images(&m)
		return l.put(partKey+p.ID, p)
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}

// target finds the part that a model belongs to.
func (l *Library) target(id, fresh string, m *Model) (*Part, error) {
	parts, err := l.Parts()
	if err != nil {
		return nil, err
	}
	for _, same := range []func(*Part) bool{
		func(p *Part) bool { return p.ID == id },
		func(p *Part) bool {
			return id == "" && slices.ContainsFunc(p.Versions, func(v Version) bool { return v.Head == m.Version.Head })
		},
		func(p *Part) bool { return id == "" && p.Name == m.Name },
	} {
		if i := slices.IndexFunc(parts, func(p Part) bool { return same(&p) }); i >= 0 {
			return &parts[i], nil
		}
	}
	if m.Further {
		return nil, fmt.Errorf("%w: part %s", ErrGone, id)
	}
	if id == "" {
		id = fresh
	}
	if _, err := l.part(id); !errors.Is(err, ErrGone) { // a record that cannot be read, of a later version of this program perhaps
		return nil, err
	}
	return &Part{ID: id, Name: m.Name, Shape: m.Shape, Seed: m.Seed}, nil
}

// files writes what is not there yet. No head is kept without its backbone.
func (l *Library) files(m *Model) error {
	if m.Backbone == nil {
		if b, err := l.Backbone(m.Version.Backbone); err != nil || b == nil {
			return cmp.Or(err, fmt.Errorf("%w: the backbone %s", ErrGone, m.Version.Backbone))
		}
	}
	if m.Signature != nil && m.Signed == nil { // an earlier signature may have been of the head with its backbone
		if err := l.disk.Remove(signed + "/" + m.Version.Head); err != nil {
			return err
		}
	}
	for _, f := range []struct {
		path string
		data Blob
	}{{backbones + "/" + m.Version.Backbone, m.Backbone}, {sigs + "/" + m.Version.Head, m.Signature}, {signed + "/" + m.Version.Head, m.Signed},
		{models + "/" + m.Version.Head, m.Head}} {
		if f.data == nil {
			continue
		}
		if err := checkID(f.path[strings.Index(f.path, "/")+1:]); err != nil {
			return err
		}
		if there, err := l.disk.Read(f.path); err == nil && there != nil && !strings.HasPrefix(f.path, sigs) {
			continue
		}
		if err := l.disk.Write(f.path, f.data); err != nil {
			return err
		}
	}
	return nil
}

// Files returns the head of a version and its backbone. The backbone is nil when it is not stored: a part of before has none until Secure.
func (l *Library) Files(v *Version) (head, backbone Blob, err error) {
	if head, err = l.disk.Read(models + "/" + v.Head); err != nil {
		return nil, nil, err
	}
	if head == nil {
		return nil, nil, fmt.Errorf("%w: the head %s", ErrGone, v.Head)
	}
	backbone, err = l.Backbone(v.Backbone)
	return head, backbone, err
}

// Choose takes another version of a part into use.
func (l *Library) Choose(id string, n int) (*Part, error) {
	return l.change(id, func(p *Part) error {
		if p.Version(n) == nil {
			return fmt.Errorf("%w: version %d", ErrGone, n)
		}
		p.Use = n
		return nil
	})
}

// Undo takes version n into use again, and takes back what was said when the one in use was made: an image that this has learned as good, and that version n was
// checked with as bad, is bad again.
func (l *Library) Undo(id string, n int) (*Part, error) {
	return l.change(id, func(p *Part) error {
		to, from := p.Version(n), p.Current()
		if to == nil {
			return fmt.Errorf("%w: version %d", ErrGone, n)
		}
		for _, key := range to.Checked {
			if slices.Contains(from.Good, key) && !slices.Contains(to.Good, key) && !slices.Contains(p.Bad, key) {
				p.Bad = append(p.Bad, key)
			}
		}
		p.Use = n
		return nil
	})
}

// MarkBad adds an image that is known to be bad, and whether version n calls it NG. What is bad is not good: no later version learns it.
func (l *Library) MarkBad(id string, s Shot, n int, caught bool) (*Part, error) {
	return l.change(id, func(p *Part) error {
		v := p.Version(n)
		if v == nil {
			return fmt.Errorf("%w: version %d", ErrGone, n)
		}
		if p.Shot(s.Key) == nil {
			p.Shots = append(p.Shots, s)
		}
		if !slices.Contains(p.Bad, s.Key) {
			p.Bad = append(p.Bad, s.Key)
		}
		v.checked(s.Key, caught)
		return nil
	})
}

func (l *Library) change(id string, f func(*Part) error) (p *Part, err error) {
	err = l.disk.Lock(func() error {
		if p, err = l.part(id); err != nil {
			return err
		}
		if err := f(p); err != nil {
			return err
		}
		return l.put(partKey+id, p)
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}

// Delete removes a part with all versions and features.
func (l *Library) Delete(id string) error {
	if err := checkID(id); err != nil {
		return err
	}
	err := l.disk.Lock(func() error { return l.disk.Put(partKey+id, "") })
	if err != nil {
		return err
	}
	return l.Sweep()
}

// Drop removes a version that is not in use.
func (l *Library) Drop(id string, n int) (*Part, error) {
	p, err := l.change(id, func(p *Part) error {
		if p.Current().N == n {
			return fmt.Errorf("store: version %d is in use", n)
		}
		p.Versions = slices.DeleteFunc(p.Versions, func(v Version) bool { return v.N == n })
		return nil
	})
	if err != nil {
		return nil, err
	}
	return p, l.Sweep()
}
