package inspect_test

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"anomnet/core/engine"
	"anomnet/core/inspect"
	"anomnet/core/internal/tiny"
	"anomnet/core/model"
)

// FuzzOpen: a model that is accepted, however it was made, scores a picture on every tier with the same bits, or refuses it.
func FuzzOpen(f *testing.F) {
	b := tiny.Backbone(1)
	both := encode(f, &model.File{Backbone: b, Head: tiny.Head(b, 2)})
	n := binary.LittleEndian.Uint64(both)
	f.Add(string(both[8:8+n]), both[8+n:])
	picture := pngFile(f, tiny.Image(30, 20, 4))
	f.Fuzz(func(t *testing.T, header string, body []byte) {
		files := resealed(header, body)
		if files == nil {
			return
		}
		var want *inspect.Result
		for _, tier := range engine.Tiers() {
			in, err := inspect.Open(files, &inspect.Options{Kernels: tier})
			if err != nil {
				require.Nil(t, want)
				return
			}
			if i := in.Info(); i.Width*i.Height > 1<<14 { // right, but slow
				return
			}
			res, err := in.Inspect(picture)
			if err != nil {
				require.Nil(t, want)
				return
			}
			require.Len(t, res.Map, res.MapW*res.MapH)
			require.Contains(t, []string{"OK", "REVIEW", "NG"}, string(res.Verdict))
			if want == nil {
				want = res
			}
			require.Equal(t, want, res)
		}
	})
}

// resealed returns the backbone and the head of a file, with right digests; nil if there is nothing to seal.
func resealed(header string, body []byte) [][]byte {
	seal := func(header string) []byte {
		at := strings.Index(header, `"sha256":"`) + len(`"sha256":"`)
		build := func(digest string) []byte {
			h := header[:at] + digest + header[at+64:]
			return append(append(binary.LittleEndian.AppendUint64(nil, uint64(len(h))), h...), body...)
		}
		return build(fmt.Sprintf("%x", sha256.Sum256(build(strings.Repeat("0", 64)))))
	}
	at := strings.Index(header, `"sha256":"`)
	if at < 0 || len(header) < at+75 {
		return nil
	}
	file := seal(header)
	got, err := model.Decode(file)
	if err != nil || got.Backbone == nil || got.Head == nil {
		return [][]byte{file}
	}
	// Another backbone has another digest, which the head must name to be opened at all.
	if got.Head.BackboneDigest, err = got.Backbone.Digest(); err != nil {
		return nil
	}
	if file, err = model.Encode(got); err != nil {
		return nil
	}
	return [][]byte{file}
}
