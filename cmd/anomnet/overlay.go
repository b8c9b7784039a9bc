package main

import (
	"bytes"
	"io/fs"
	"path"
	"time"
)

// overlay is a file system with some files replaced by bytes in memory. The precompressed forms of a replaced file are hidden: they hold
// what was replaced, and most clients would get them instead.
type overlay struct {
	fs.FS
	files map[string][]byte
}

func (o overlay) Open(name string) (fs.File, error) {
	if data, ok := o.files[name]; ok {
		return memoryFile{bytes.NewReader(data), path.Base(name)}, nil
	}
	if ext := path.Ext(name); ext == ".br" || ext == ".gz" {
		if _, replaced := o.files[name[:len(name)-len(ext)]]; replaced {
			return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
		}
	}
	return o.FS.Open(name)
}

// memoryFile is an open file of an overlay, and its own fs.FileInfo.
type memoryFile struct {
	*bytes.Reader
	name string
}

func (f memoryFile) Stat() (fs.FileInfo, error) { return f, nil }
func (f memoryFile) Close() error               { return nil }
func (f memoryFile) Name() string               { return f.name }
func (f memoryFile) Mode() fs.FileMode          { return 0o444 }
func (f memoryFile) ModTime() time.Time         { return time.Time{} }
func (f memoryFile) IsDir() bool                { return false }
func (f memoryFile) Sys() any                   { return nil }
