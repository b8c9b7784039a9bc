package main

import (
	"fmt"
	"os"
	"path/filepath"

	"anomnet/assets"
	"anomnet/core/model"
)

// readPart reads a part's file, and its backbone (backboneOf).
func readPart(path, given string) (*model.File, *model.Backbone, error) {
	_, f, err := readModel(path)
	if err != nil {
		return nil, nil, err
	}
	if f.Head == nil {
		return nil, nil, fmt.Errorf("%s: holds a backbone but no head", path)
	}
	b, err := backboneOf(f, path, given)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, b, nil
}

// backboneOf is the backbone of a part's file: the one inside, else that of the file or folder which was given, else the built-in one or one
// that lies beside the part.
func backboneOf(f *model.File, path, given string) (*model.Backbone, error) {
	if f.Backbone != nil {
		return f.Backbone, nil
	}
	if given == "" {
		return ownBackbone(f.Head, filepath.Dir(path))
	}
	if info, err := os.Stat(given); err != nil || !info.IsDir() {
		b, err := readBackbone(given)
		if err == nil {
			err = f.Head.Fits(b)
		}
		return b, err
	}
	if b := searchBackbone(f.Head, given); b != nil {
		return b, nil
	}
	return nil, fmt.Errorf("%w: part %q needs the backbone %s, and no file in %s holds it", model.ErrMismatch, f.Head.Part, f.Head.BackboneDigest, given)
}

// ownBackbone is the built-in backbone, or the one that lies in a folder.
func ownBackbone(h *model.Head, dir string) (*model.Backbone, error) {
	own, err := builtInBackbone()
	if err != nil {
		return nil, err
	}
	digest, err := own.Digest()
	if err != nil {
		return nil, err
	}
	if digest == h.BackboneDigest {
		return own, h.Fits(own)
	}
	if b := searchBackbone(h, dir); b != nil {
		return b, nil
	}
	return nil, fmt.Errorf("%w: part %q needs the backbone %s; the built-in one is %.12s (%s), and no file in %s holds another that fits", model.ErrMismatch,
		h.Part, h.BackboneDigest, digest, own.Name, dir)
}

// searchBackbone looks through the model files of a folder, without its subfolders; nil when none holds what the head needs.
func searchBackbone(h *model.Head, dir string) *model.Backbone {
	paths, err := filepath.Glob(filepath.Join(dir, "*.anomnet"))
	if err != nil {
		return nil // a folder whose name is a bad pattern
	}
	for _, path := range paths {
		if _, f, err := readModel(path); err == nil && f.Backbone != nil && h.Fits(f.Backbone) == nil {
			return f.Backbone
		}
	}
	return nil
}

func builtInBackbone() (*model.Backbone, error) {
	f, err := model.Decode(assets.Backbone())
	if err != nil {
		return nil, fmt.Errorf("built-in backbone: %w", err)
	}
	return f.Backbone, nil
}

func readBackbone(path string) (*model.Backbone, error) {
	_, f, err := readModel(path)
	if err == nil && f.Backbone == nil {
		err = fmt.Errorf("%s: holds a head but no backbone", path)
	}
	if err != nil {
		return nil, err
	}
	return f.Backbone, nil
}
