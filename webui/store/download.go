package store

import (
	"fmt"

	"anomnet/wasm/protocol"
)

// Download is a file of a server's index that is fetched in chunks. It is kept until all of them are here and the part is.
type Download struct {
	SHA256 string   `json:"sha256"` // of the file
	Chunks []string `json:"chunks"` // their SHA-256, in order
}

// Begin keeps what is to be fetched, so that the chunks which come are not swept away when the page is opened again.
func (l *Library) Begin(d Download) error {
	if err := checkID(d.SHA256); err != nil {
		return err
	}
	return l.disk.Lock(func() error { return l.put(loadKey+d.SHA256, d) })
}

// End forgets a download with its chunks, but not those that another one needs too.
func (l *Library) End(sha256 string) error {
	if err := checkID(sha256); err != nil {
		return err
	}
	if err := l.disk.Lock(func() error { return l.disk.Put(loadKey+sha256, "") }); err != nil {
		return err
	}
	return l.Sweep()
}

// Forget ends the downloads of what is not offered any more: nobody could go on with them, or see what they take.
func (l *Library) Forget(offered func(sha256 string) bool) error {
	gone := 0
	err := l.disk.Lock(func() error {
		loads, _, err := load(l.disk, loadKey, func(d *Download) bool { return checkID(d.SHA256) == nil })
		for _, d := range loads {
			if err == nil && !offered(d.SHA256) {
				gone++
				err = l.disk.Put(loadKey+d.SHA256, "")
			}
		}
		return err
	})
	if err != nil || gone == 0 {
		return err
	}
	return l.Sweep()
}

// Here lists the chunks on the device. Each was hashed before it was written.
func (l *Library) Here() ([]string, error) { return l.disk.List(chunks) }

// Chunk returns a chunk, nil when it is not here.
func (l *Library) Chunk(sha256 string) (Blob, error) {
	if err := checkID(sha256); err != nil {
		return nil, err
	}
	return l.disk.Read(chunks + "/" + sha256)
}

// KeepChunk writes a chunk that was hashed.
func (l *Library) KeepChunk(sha256 string, data Blob) error {
	if err := checkID(sha256); err != nil {
		return err
	}
	return l.disk.Write(chunks+"/"+sha256, data)
}

// Signature returns a version's signature file and the file that it is of, the head alone or with its backbone; nil for one that is not signed.
func (l *Library) Signature(v *Version) (sig, file Blob, err error) {
	if sig, err = l.disk.Read(sigs + "/" + v.Head); err != nil || sig == nil {
		return nil, nil, err
	}
	if file, err = l.disk.Read(signed + "/" + v.Head); err != nil || file != nil {
		return sig, file, err
	}
	file, err = l.disk.Read(models + "/" + v.Head)
	if err == nil && file == nil {
		err = fmt.Errorf("%w: the head %s", ErrGone, v.Head)
	}
	return sig, file, err
}

// Trusted notes what the signature of a version is worth now.
func (l *Library) Trusted(id string, n int, t *protocol.Trust) (*Part, error) {
	return l.change(id, func(p *Part) error {
		v := p.Version(n)
		if v == nil {
			return fmt.Errorf("%w: version %d", ErrGone, n)
		}
		v.Trust = t
		return nil
	})
}
