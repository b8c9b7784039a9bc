// Package pack makes the folder that a server of models offers, from a folder of model files, and checks one.
package pack

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"anomnet/assets"
	"anomnet/core/catalogue"
	"anomnet/core/model"
)

// extension is what the names of model files end with.
const extension = ".anomnet"

// File is a model file and, when there is one, its signature file.
type File struct {
	Name      string
	Data, Sig []byte

	file *model.File
}

// Name is what a model is called in a signature: its part, or its backbone's name when it has no head.
func Name(f *model.File) string {
	if f.Head != nil {
		return f.Head.Part
	}
	return f.Backbone.Name
}

// Collect reads the model files of a folder, without its subfolders, by name.
func Collect(fsys fs.FS) ([]File, error) {
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return nil, err
	}
	var list []File
	for _, e := range entries {
		if e.IsDir() || path.Ext(e.Name()) != extension {
			continue
		}
		f := File{Name: e.Name()}
		if f.Data, err = fs.ReadFile(fsys, f.Name); err != nil {
			return nil, err
		}
		if f.Sig, err = fs.ReadFile(fsys, f.Name+".minisig"); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		list = append(list, f)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("pack: no %s files", extension)
	}
	return list, nil
}

// Options of Build.
type Options struct {
	Head    string // name of the file that the page opens with; "": the first with a head
	Counter uint64
	Date    time.Time
}

// Pack is the content of a packed folder.
type Pack struct {
	Catalogue *catalogue.Catalogue
	Index     []byte
	Blobs     map[string][]byte // by path
}

// Build checks the files and makes the index and the blobs. A head needs its backbone beside it; the built-in one is added by itself.
func Build(files []File, opt *Options) (*Pack, error) {
	files, err := complete(files)
	if err != nil {
		return nil, err
	}
	p := &Pack{Catalogue: &catalogue.Catalogue{Counter: opt.Counter, Date: opt.Date.UTC().Truncate(time.Second)}, Blobs: map[string][]byte{}}
	for i := range files {
		p.Catalogue.Models = append(p.Catalogue.Models, p.add(&files[i]))
	}
	if err := p.choose(files, opt.Head); err != nil {
		return nil, err
	}
	p.Index, err = p.Catalogue.Encode()
	return p, err
}

// complete decodes the files, adds the built-in backbone when it is needed, and checks that every head fits.
func complete(files []File) ([]File, error) {
	files = slices.Clone(files)
	backbones := map[string]*model.Backbone{}
	decode := func(f *File) (err error) {
		if f.file, err = model.Decode(f.Data); err != nil {
			return fmt.Errorf("pack: %s: %w", f.Name, err)
		}
		if b := f.file.Backbone; b != nil && f.file.Head == nil {
			backbones[f.file.Digest] = b
		}
		return nil
	}
	for i := range files {
		if err := decode(&files[i]); err != nil {
			return nil, err
		}
	}
	builtIn := File{Name: "backbone" + extension, Data: assets.Backbone()}
	if err := decode(&builtIn); err != nil {
		return nil, err
	}
	needed := func(f File) bool { return f.file.Backbone == nil && f.file.Head.BackboneDigest == builtIn.file.Digest }
	there := func(f File) bool { return f.file.Digest == builtIn.file.Digest }
	if slices.ContainsFunc(files, needed) && !slices.ContainsFunc(files, there) {
		if slices.ContainsFunc(files, func(f File) bool { return f.Name == builtIn.Name }) {
			builtIn.Name = "built-in-" + builtIn.Name
		}
		files = append(files, builtIn)
	}
	for _, f := range files {
		if f.file.Backbone != nil {
			continue
		}
		b := backbones[f.file.Head.BackboneDigest]
		if b == nil {
			return nil, fmt.Errorf("pack: %s needs the backbone %.16s, which is not in the folder", f.Name, f.file.Head.BackboneDigest)
		}
		if err := f.file.Head.Fits(b); err != nil {
			return nil, fmt.Errorf("pack: %s: %w", f.Name, err)
		}
	}
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	return files, nil
}

func (p *Pack) add(f *File) catalogue.Model {
	m := catalogue.Model{Name: f.Name, Part: Name(f.file), Digest: f.file.Digest}
	if f.file.Backbone == nil {
		m.Backbone = f.file.Head.BackboneDigest
	}
	for i, chunk := range m.Split(f.Data) {
		p.Blobs[catalogue.Blob(m.Chunks[i].SHA256)] = chunk
	}
	if f.Sig != nil {
		m.Signature = catalogue.Digest(f.Sig)
		p.Blobs[catalogue.Blob(m.Signature)] = f.Sig
	}
	return m
}

// choose sets the part that the page opens with. Its files are stored whole as well: the page's boot script fetches them so.
func (p *Pack) choose(files []File, name string) error {
	at := slices.IndexFunc(files, func(f File) bool { return f.file.Head != nil && (name == "" || f.Name == name) })
	if at < 0 {
		if name == "" {
			return nil
		}
		return fmt.Errorf("pack: %s is no file with a head", name)
	}
	whole := func(i int) string {
		path := catalogue.Blob(p.Catalogue.Models[i].SHA256)
		p.Blobs[path] = files[i].Data
		return path
	}
	p.Catalogue.Head = whole(at)
	if digest := p.Catalogue.Models[at].Backbone; digest != "" {
		p.Catalogue.Backbone = whole(slices.IndexFunc(files, func(f File) bool { return f.file.Digest == digest }))
	}
	return nil
}

// Check reads the index of a packed folder and compares every file that it names with its digest. It does not look at the index's
// signature.
func Check(fsys fs.FS) (files int, err error) {
	index, err := fs.ReadFile(fsys, catalogue.IndexName)
	if err != nil {
		return 0, err
	}
	c, err := catalogue.Decode(index)
	if err != nil {
		return 0, err
	}
	blob := func(digest string) ([]byte, error) {
		data, err := fs.ReadFile(fsys, catalogue.Blob(digest))
		if err == nil && catalogue.Digest(data) != digest {
			err = fmt.Errorf("%s: %w", catalogue.Blob(digest), catalogue.ErrChunk)
		}
		files++
		return data, err
	}
	for i := range c.Models {
		m := &c.Models[i]
		var data [][]byte
		for _, k := range m.Chunks {
			one, err := blob(k.SHA256)
			if err != nil {
				return files, err
			}
			data = append(data, one)
		}
		whole, err := m.Join(data)
		if err != nil {
			return files, err
		}
		if err := checkModel(m, whole); err != nil {
			return files, err
		}
		if m.Signature != "" {
			if _, err := blob(m.Signature); err != nil {
				return files, err
			}
		}
	}
	for _, p := range []string{c.Head, c.Backbone} {
		if p == "" {
			continue
		}
		if _, err := blob(strings.TrimPrefix(p, catalogue.BlobDir)); err != nil {
			return files, err
		}
	}
	return files, nil
}

// checkModel compares what the index says of a file with what is in it.
func checkModel(m *catalogue.Model, data []byte) error {
	f, err := model.Decode(data)
	if err != nil {
		return fmt.Errorf("pack: %s: %w", m.Name, err)
	}
	got := catalogue.Model{Part: Name(f), Digest: f.Digest}
	if f.Backbone == nil {
		got.Backbone = f.Head.BackboneDigest
	}
	if got.Part != m.Part || got.Digest != m.Digest || got.Backbone != m.Backbone {
		return fmt.Errorf("pack: the index says other things of %s than the file", m.Name)
	}
	return nil
}
