package store

import (
	"fmt"
	"slices"
	"strings"
)

// SaveDraft keeps unfinished teaching.
func (l *Library) SaveDraft(d *Draft) error {
	if err := checkID(d.ID); err != nil {
		return err
	}
	return l.disk.Lock(func() error { return l.put(draftKey+d.ID, d) })
}

// EndDraft forgets unfinished teaching. Its features stay when a part has them now, but for those of images that the part does not know: Sweep takes all of a part
// or nothing.
func (l *Library) EndDraft(id string, keys ...string) error {
	if err := checkID(id); err != nil {
		return err
	}
	return l.disk.Lock(func() error {
		if err := l.disk.Put(draftKey+id, ""); err != nil || len(keys) == 0 {
			return err
		}
		p, err := l.part(id)
		if err != nil { // it is gone, and they go with it; or nobody knows what it has
			return nil
		}
		names, err := l.disk.List(features + "/" + id)
		if err != nil {
			return err
		}
		for _, n := range names {
			if key, _, _ := strings.Cut(n, "-"); slices.Contains(keys, key) && p.Shot(key) == nil {
				if err := l.disk.Remove(features + "/" + id + "/" + n); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// FeaturePath is where the features of an image are, and ThumbPath its small picture.
func FeaturePath(id string, s Shape, key string) string {
	return fmt.Sprintf("%s/%s/%s-%s", features, id, key, shapeName(s))
}

// ThumbPath is where the small picture of an image is.
func ThumbPath(id, key string) string { return fmt.Sprintf("%s/%s/%s-thumb", features, id, key) }

// WholePath is where the picture of an image is as the model sees it.
func WholePath(id, key string) string { return fmt.Sprintf("%s/%s/%s-whole", features, id, key) }

// Of tells whether a file is of the part or draft with an id.
func Of(path, id string) bool { return strings.HasPrefix(path, features+"/"+id+"/") }

// shapeName is part of a file's name.
func shapeName(s Shape) string {
	t := fmt.Sprintf("%dx%d-%s", s.Width, s.Height, s.Mode)
	if s.Gray {
		t += "-gray"
	}
	return t
}

// Keep writes what was computed from an image.
func (l *Library) Keep(path string, data Blob) error {
	if !strings.HasPrefix(path, features+"/") {
		return fmt.Errorf("store: %q is not in %s", path, features)
	}
	return l.disk.Write(path, data)
}

// Read returns what Keep wrote; nil when it is not there.
func (l *Library) Read(path string) (Blob, error) { return l.disk.Read(path) }

// Sweep removes files that no record names: those of parts that were deleted, and those whose record was never written because the tab was closed.
// With a record that it cannot read, of a later version of this program perhaps, it removes nothing.
func (l *Library) Sweep() error {
	return l.disk.Lock(func() error {
		parts, badParts, err := load(l.disk, partKey, func(p *Part) bool { return len(p.Versions) > 0 })
		if err != nil {
			return err
		}
		drafts, badDrafts, err := load(l.disk, draftKey, func(d *Draft) bool { return checkID(d.ID) == nil })
		if err != nil {
			return err
		}
		loads, badLoads, err := load(l.disk, loadKey, func(d *Download) bool { return checkID(d.SHA256) == nil })
		if err != nil || badParts+badDrafts+badLoads > 0 {
			return err
		}
		named := map[string][]string{}
		for _, p := range parts {
			named[features] = append(named[features], p.ID)
			for _, v := range p.Versions {
				named[models] = append(named[models], v.Head)
				named[backbones] = append(named[backbones], v.Backbone)
			}
		}
		named[sigs], named[signed] = named[models], named[models]
		for _, d := range loads {
			named[chunks] = append(named[chunks], d.Chunks...)
		}
		for _, d := range drafts {
			named[features] = append(named[features], d.ID)
			named[backbones] = append(named[backbones], d.Backbone)
		}
		for _, folder := range []string{models, backbones, features, sigs, signed, chunks} {
			if err := l.sweep(folder, named[folder]); err != nil {
				return err
			}
		}
		return nil
	})
}

func (l *Library) sweep(folder string, named []string) error {
	names, err := l.disk.List(folder)
	if err != nil {
		return err
	}
	for _, n := range names {
		if slices.Contains(named, n) {
			continue
		}
		if err := l.disk.Remove(folder + "/" + n); err != nil {
			return err
		}
	}
	return nil
}
