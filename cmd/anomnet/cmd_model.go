package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"anomnet/cmd/internal/pack"
	"anomnet/core/catalogue"
	"anomnet/core/model"
	"anomnet/core/signature"
	"anomnet/trainer/atomicfile"
)

// sigSuffix is what the name of a detached signature ends with.
const sigSuffix = ".minisig"

// modelJob holds the flags of all subcommands of model.
type modelJob struct {
	secret, passphrase, expires, kind, head, backbone, out string
	keys                                                   []string
	counter                                                uint64
}

func modelCommand(fs *flag.FlagSet) func(context.Context, *console, []string) error {
	j := &modelJob{}
	fs.Func("key", "verify: `file` with a public key to trust; may be given more than once. A file that none of them signed is then an error", func(s string) error {
		j.keys = append(j.keys, s)
		return nil
	})
	fs.StringVar(&j.secret, "secret", "", "sign, pack: `file` with the secret key")
	fs.StringVar(&j.passphrase, "passphrase-file", "", "keygen, sign, pack: `file` whose first line is the passphrase; default: ask at the terminal")
	fs.Uint64Var(&j.counter, "counter", 0, "sign, pack: the `number` that must never fall; default: one more than before")
	fs.StringVar(&j.expires, "expires", "never", "sign, pack: `day` (2027-11-25, UTC) from which on the signature is refused")
	fs.StringVar(&j.kind, "kind", "", "sign: `policy`, for a file that is neither model nor index")
	fs.StringVar(&j.head, "head", "", "pack: `name` of the model file that the page opens with; default: the first one with a head")
	fs.StringVar(&j.backbone, "backbone", "", "join: "+backboneUsage)
	fs.StringVar(&j.out, "out", "", "pack: `folder` to write; join: file to write")
	return func(_ context.Context, c *console, args []string) error {
		verbs := map[string]func(*console, string) error{"show": j.show, "verify": j.verify, "keygen": j.keygen, "sign": j.sign, "pack": j.pack, "join": j.join}
		if len(args) != 2 || verbs[args[0]] == nil {
			return usageError("want show FILE, verify FILE or FOLDER, keygen NAME, sign FILE, pack FOLDER, or join FILE")
		}
		return verbs[args[0]](c, args[1])
	}
}

// join writes a part and its backbone into one file, which no program needs another for.
func (j *modelJob) join(c *console, path string) error {
	if j.out == "" {
		return usageError("--out is missing")
	}
	f, b, err := readPart(path, j.backbone)
	if err != nil {
		return err
	}
	data, err := model.Encode(&model.File{Head: f.Head, Backbone: b})
	if err != nil {
		return err
	}
	if err := atomicfile.Write(j.out, data); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "%s: part %q with its backbone %s (%.12s), %d bytes\n", j.out, f.Head.Part, oneLine(b.Name), f.Head.BackboneDigest, len(data))
	return nil
}

func readModel(path string) ([]byte, *model.File, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	f, err := model.Decode(data)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return data, f, nil
}

func (j *modelJob) show(c *console, path string) error {
	data, f, err := readModel(path)
	if err != nil {
		return err
	}
	showModel(c, oneLine(filepath.Base(path)), len(data), f)
	return nil
}

// signed is a file that can carry a signature, and what a statement about it must say.
type signed struct {
	data []byte
	want signature.Statement // kind and name; counter and date of an index
	text string              // for people
}

// openSigned finds out what the file is.
func (j *modelJob) openSigned(path string) (*signed, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if j.kind != "" {
		if signature.Kind(j.kind) != signature.Policy {
			return nil, usageError("--kind %s: want %s", j.kind, signature.Policy)
		}
		return &signed{data, signature.Statement{Kind: signature.Policy}, "policy"}, nil
	}
	f, err := model.Decode(data)
	if err == nil {
		return &signed{data, signature.Statement{Kind: signature.Model, Name: pack.Name(f)}, "ok, sha256 " + f.Digest}, nil
	}
	if filepath.Base(path) != catalogue.IndexName {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	index, err := catalogue.Decode(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &signed{data, signature.Statement{Kind: signature.Catalogue, Counter: index.Counter, Date: index.Date},
		fmt.Sprintf("index of %d models, counter %d", len(index.Models), index.Counter)}, nil
}

// verify checks a file, or a packed folder, and its signature.
func (j *modelJob) verify(c *console, path string) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		n, err := pack.Check(os.DirFS(path))
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		fmt.Fprintf(c.out, "%s: %d files are those of the index\n", path, n)
		path = filepath.Join(path, catalogue.IndexName)
	}
	s, err := j.openSigned(path)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.out, "%s: %s\n", oneLine(path), s.text)
	keys, err := j.pinned()
	if err != nil {
		return err
	}
	sig, err := os.ReadFile(path + sigSuffix)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	check := &signature.Check{Kind: s.want.Kind, Name: s.want.Name, Keys: keys, Counter: j.counter, Now: time.Now()}
	var res signature.Result
	if s.want.Kind == signature.Catalogue {
		_, res = catalogue.Open(s.data, sig, check)
	} else {
		res = signature.Verify(s.data, sig, check)
	}
	return j.report(c, path, res)
}

// report prints what was found. Without --key nothing is trusted, so nothing is demanded.
func (j *modelJob) report(c *console, path string, res signature.Result) error {
	switch {
	case res.State == signature.Signed:
		st := res.Statement
		expires := "never"
		if !st.Expires.IsZero() {
			expires = "on " + st.Expires.UTC().Format(time.DateOnly)
		}
		fmt.Fprintf(c.out, "  signed by %s (key %s) on %s, counter %d, expires %s\n", res.Key.Label, res.KeyID, st.Date.UTC().Format(time.DateOnly), st.Counter, expires)
		if res.ExpiresSoon {
			c.log("anomnet: warning: %s: the signature expires soon", path)
		}
		return nil
	case len(j.keys) == 0 && res.State == signature.Unsigned:
		fmt.Fprintln(c.out, "  not signed")
		return nil
	case len(j.keys) == 0 && res.Reason == signature.UnknownKey:
		fmt.Fprintf(c.out, "  signature of key %s, not checked: give the public key with --key\n", res.KeyID)
		return nil
	case res.State == signature.Unsigned:
		return fmt.Errorf("%s: not signed: there is no %s%s", path, filepath.Base(path), sigSuffix)
	}
	return fmt.Errorf("%s: signature refused (%s): %s", path, res.Reason, res.Detail)
}

// pinned reads the public keys of --key; a key's label is the name of its file.
func (j *modelJob) pinned() ([]signature.Key, error) {
	var keys []signature.Key
	for _, path := range j.keys {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		k, err := signature.ParseKey(string(text), filepath.Base(path), signature.FromUser)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		keys = append(keys, k)
	}
	return keys, nil
}

func (j *modelJob) keygen(c *console, name string) error {
	key, err := newKeyPair(name, j.passphrase)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.out, "%s.pub: key %s, fingerprint %s; give it to those who shall trust it\n%s.key: secret; keep it and its passphrase apart\n", name, key.ID(), key.Fingerprint(), name)
	return nil
}

func (j *modelJob) sign(c *console, path string) error {
	if j.secret == "" {
		return usageError("--secret is missing")
	}
	s, err := j.openSigned(path)
	if err != nil {
		return err
	}
	st, err := j.statement(s.want, path)
	if err != nil {
		return err
	}
	key, err := openSecret(j.secret, j.passphrase)
	if err != nil {
		return err
	}
	sig, err := signFile(key, s.data, st)
	if err != nil {
		return err
	}
	if err := atomicfile.Write(path+sigSuffix, sig); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "%s%s: key %016X, counter %d\n", path, sigSuffix, key.ID(), st.Counter)
	return nil
}

// statement completes what is signed. Counter and date of an index stand in it and cannot be chosen again.
func (j *modelJob) statement(st signature.Statement, path string) (signature.Statement, error) {
	if j.expires != "never" {
		day, err := time.Parse(time.DateOnly, j.expires)
		if err != nil {
			return st, usageError("--expires %s: want a day like 2027-11-25, or never", j.expires)
		}
		st.Expires = day
	}
	if st.Kind == signature.Catalogue {
		if j.counter != 0 && j.counter != st.Counter {
			return st, usageError("--counter %d: the index says %d; pack it again", j.counter, st.Counter)
		}
		return st, nil
	}
	st.Date, st.Counter = time.Now().UTC().Truncate(time.Second), j.counter
	if st.Counter == 0 {
		st.Counter = 1
		if old, err := os.ReadFile(path + sigSuffix); err == nil {
			before, err := signature.Peek(old)
			if err != nil {
				return st, fmt.Errorf("%s%s: cannot count on from it, give --counter: %w", path, sigSuffix, err)
			}
			st.Counter = before.Counter + 1
		}
	}
	return st, nil
}

func (j *modelJob) pack(c *console, dir string) error {
	if j.out == "" {
		return usageError("--out is missing")
	}
	if j.expires != "never" && j.secret == "" {
		return usageError("--expires needs --secret")
	}
	files, err := pack.Collect(os.DirFS(dir))
	if err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	counter, err := j.packCounter()
	if err != nil {
		return err
	}
	p, err := pack.Build(files, &pack.Options{Head: j.head, Counter: counter, Date: time.Now()})
	if err != nil {
		return err
	}
	var sig, pub []byte
	if j.secret != "" {
		st, err := j.statement(signature.Statement{Kind: signature.Catalogue, Counter: p.Catalogue.Counter, Date: p.Catalogue.Date}, "")
		if err != nil {
			return err
		}
		key, err := openSecret(j.secret, j.passphrase)
		if err != nil {
			return err
		}
		if sig, err = signFile(key, p.Index, st); err != nil {
			return err
		}
		if pub, err = publicText(key); err != nil {
			return err
		}
	}
	if err := writePack(j.out, p, sig, pub); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "%s: %d models, counter %d\n", j.out, len(p.Catalogue.Models), p.Catalogue.Counter)
	return nil
}

// packCounter is --counter, or one more than that of the index that is there.
func (j *modelJob) packCounter() (uint64, error) {
	if j.counter != 0 {
		return j.counter, nil
	}
	old, err := os.ReadFile(filepath.Join(j.out, catalogue.IndexName))
	if errors.Is(err, fs.ErrNotExist) {
		return 1, nil
	}
	if err != nil {
		return 0, err
	}
	before, err := catalogue.Decode(old)
	if err != nil {
		return 0, fmt.Errorf("%s: cannot count on from its index, give --counter: %w", j.out, err)
	}
	return before.Counter + 1, nil
}

// writePack writes the blobs first, so that an index never names what is not there. Older blobs stay, for clients that hold an older index.
func writePack(out string, p *pack.Pack, sig, pub []byte) error {
	for name, data := range p.Blobs {
		path := filepath.Join(out, filepath.FromSlash(name))
		if old, err := os.ReadFile(path); err == nil && catalogue.Blob(catalogue.Digest(old)) == name {
			continue
		}
		if err := atomicfile.Write(path, data); err != nil {
			return err
		}
	}
	for name, data := range map[string][]byte{catalogue.SignatureName: sig, catalogue.KeyName: pub} {
		path := filepath.Join(out, name)
		if data == nil {
			if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		} else if err := atomicfile.Write(path, data); err != nil {
			return err
		}
	}
	return atomicfile.Write(filepath.Join(out, catalogue.IndexName), p.Index)
}
