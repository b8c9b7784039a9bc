// Package store decides what the page keeps on the device: parts with their versions, the features of the images that they were taught from, and
// teaching that is not finished. It knows nothing of the browser; Disk is what it writes to, and webui/app implements that with the Origin
// Private File System and IndexedDB (assets/js/store.mjs).
//
// # What is where
//
//	record part/ID                a Part as JSON: the index of what is kept
//	record draft/ID               a Draft as JSON: teaching that is not finished
//	file   models/DIGEST          a head
//	file   backbones/DIGEST       a backbone, once however many heads need it; that of the site too, since the next build may bring another
//	record download/SHA256        a Download as JSON: a file that is not here to the end
//	file   features/ID/...        what was computed from images of the part or draft ID
//	file   signatures/DIGEST      the signature file that a head came with
//	file   signed/DIGEST          the file that it is of, when that is not the head alone
//	file   chunks/SHA256          what is here of a download, each hashed before it was written
//
// Files come first and records last, so a tab that is closed in between leaves files that no record names, and Sweep removes them. Every change
// of a record reads it anew under a lock that all tabs share.
package store

import (
	"errors"
	"fmt"
	"strings"
)

// Blob is bytes that the browser holds.
type Blob any

// Disk keeps files and records. Every write is whole or not there. Calls block.
type Disk interface {
	Write(path string, data Blob) error
	// Read returns nil for a file that is not there.
	Read(path string) (Blob, error)
	// Remove takes a file or a folder with all that is in it; one that is not there is no error.
	Remove(path string) error
	// List returns the names in a folder.
	List(folder string) ([]string, error)
	// Records returns texts by key, those whose keys begin with prefix.
	Records(prefix string) (map[string]string, error)
	// Put writes a record; "" removes it.
	Put(key, text string) error
	// Lock runs f while no other tab is in a Lock.
	Lock(f func() error) error
}

// ErrFull is wrapped when the device has no room for what was to be written. Nothing of it was kept.
var ErrFull = errors.New("store: the storage of this device is full")

// ErrGone is wrapped when a part or a file that was asked for is not there, because another tab has deleted it for instance.
var ErrGone = errors.New("store: not there any more")

// Folders and the beginnings of keys.
const (
	models    = "models"
	backbones = "backbones"
	features  = "features"
	sigs      = "signatures"
	signed    = "signed"
	chunks    = "chunks"
	partKey   = "part/"
	draftKey  = "draft/"
	loadKey   = "download/"
)

// Usage is how much is stored, how much there may be, and whether the browser has promised not to clear it.
type Usage struct {
	Used, Quota float64 // bytes
	Persisted   bool
}

// checkID refuses what would lead out of a folder.
func checkID(id string) error {
	if id == "" || strings.Trim(id, "0123456789abcdefghijklmnopqrstuvwxyz-") != "" {
		return fmt.Errorf("store: bad id %q", id)
	}
	return nil
}
