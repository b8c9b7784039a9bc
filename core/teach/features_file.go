package teach

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"

	"anomnet/core/safetensors"
)

// Stored features are safetensors containers with one JSON text under a key of the metadata, followed by the SHA-256 of all
// bytes before it. They are for this device and program only: a later version may refuse them, and then the images are needed again.
const metaFeatures = "anomnet-features"

// featuresJSON is Features without its vectors.
type featuresJSON struct {
	Version  int        `json:"version"`
	Name     string     `json:"name"`
	SHA256   string     `json:"sha256"`
	Width    int        `json:"width"`
	Height   int        `json:"height"`
	Maker    string     `json:"maker"`
	Patches  int        `json:"patches"`
	Channels int        `json:"channels"`
	Drawn    []copyJSON `json:"drawn"`
	Turned   []copyJSON `json:"turned"`
}

type copyJSON struct {
	Kind  string `json:"kind"`
	Count int    `json:"count"`
}

// EncodeFeatures returns f as bytes: 7 bits a value. With the built-in backbone at 256 x 256 that is 258,048 bytes for the picture,
// and 254 for each patch of its changed copies (two pseudo-defects with 64 patches each: 32,512).
func EncodeFeatures(f *Features) ([]byte, error) {
	if err := f.validate(); err != nil {
		return nil, err
	}
	j := featuresJSON{Version: featuresVersion, Name: strings.ToValidUTF8(f.Name, "?"), SHA256: f.SHA256, Width: f.Width, Height: f.Height, Maker: f.Maker,
		Patches: f.Patches, Channels: f.Channels, Drawn: []copyJSON{}, Turned: []copyJSON{}}
	at, x := []byte{}, bytes.Clone(f.X)
	for k, list := range [][]Patch{f.Drawn, f.Turned} {
		for i := range list {
			p := &list[i]
			entry := copyJSON{strings.ToValidUTF8(p.Kind, "?"), len(p.At)}
			if k == 0 {
				j.Drawn = append(j.Drawn, entry)
			} else {
				j.Turned = append(j.Turned, entry)
			}
			for _, v := range p.At {
				at = binary.LittleEndian.AppendUint16(at, v)
			}
			x = append(x, p.X...)
		}
	}
	packed := pack7(x)
	return seal(metaFeatures, j, map[string]safetensors.Tensor{
		"at": {DType: safetensors.U8, Shape: []int{len(at)}, Data: at}, "x": {DType: safetensors.U8, Shape: []int{len(packed)}, Data: packed},
	})
}

// DecodeFeatures reads what EncodeFeatures wrote. Any changed byte is refused; errors wrap ErrFeatures.
func DecodeFeatures(data []byte) (*Features, error) {
	var j featuresJSON
	t, err := unseal(data, metaFeatures, &j)
	if err != nil {
		return nil, err
	}
	f, err := j.unpack(t)
	if err != nil {
		return nil, err
	}
	if err := f.validate(); err != nil {
		return nil, err
	}
	return f, nil
}

func (j *featuresJSON) unpack(t map[string]safetensors.Tensor) (*Features, error) {
	if j.Version != featuresVersion {
		return nil, fmt.Errorf("%w: version %d, this program reads %d", ErrFeatures, j.Version, featuresVersion)
	}
	total := j.Patches
	if j.Patches < 0 || j.Patches > maxPatches || j.Channels < 0 || j.Channels > maxChannels {
		return nil, fmt.Errorf("%w: %d patches of %d values", ErrFeatures, j.Patches, j.Channels)
	}
	for _, c := range append(append([]copyJSON{}, j.Drawn...), j.Turned...) {
		if c.Count < 0 || c.Count > j.Patches {
			return nil, fmt.Errorf("%w: copy of %d patches", ErrFeatures, c.Count)
		}
		total += c.Count
	}
	at, x := t["at"].Data, t["x"].Data
	if len(at) != 2*(total-j.Patches) || len(x) != packedLen(total*j.Channels) {
		return nil, fmt.Errorf("%w: %d places and %d packed values for %d patches", ErrFeatures, len(at), len(x), total)
	}
	f := &Features{Name: j.Name, SHA256: j.SHA256, Width: j.Width, Height: j.Height, Maker: j.Maker, Patches: j.Patches, Channels: j.Channels}
	all := unpack7(x, total*j.Channels)
	f.X, all = all[:j.Patches*j.Channels:j.Patches*j.Channels], all[j.Patches*j.Channels:]
	take := func(list []copyJSON) []Patch {
		var out []Patch
		for _, c := range list {
			p := Patch{Kind: c.Kind, X: all[: c.Count*j.Channels : c.Count*j.Channels]}
			for i := range c.Count {
				p.At = append(p.At, binary.LittleEndian.Uint16(at[2*i:]))
			}
			all, at = all[c.Count*j.Channels:], at[2*c.Count:]
			out = append(out, p)
		}
		return out
	}
	f.Drawn = take(j.Drawn)
	f.Turned = take(j.Turned)
	return f, nil
}

// seal writes a container with value under key, and the digest behind it.
func seal(key string, value any, t map[string]safetensors.Tensor) ([]byte, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("teach: %w", err)
	}
	data, err := safetensors.Encode(&safetensors.File{Metadata: map[string]string{key: string(text)}, Tensors: t})
	if err != nil {
		return nil, fmt.Errorf("teach: %w", err)
	}
	sum := sha256.Sum256(data)
	return append(data, sum[:]...), nil
}

// unseal checks the digest and reads the container; value gets what is under key.
func unseal(data []byte, key string, value any) (map[string]safetensors.Tensor, error) {
	end := len(data) - sha256.Size
	if end < 0 {
		return nil, fmt.Errorf("%w: %d bytes", ErrFeatures, len(data))
	}
	if sum := sha256.Sum256(data[:end]); !bytes.Equal(sum[:], data[end:]) {
		return nil, fmt.Errorf("%w: the digest is wrong: a byte was changed", ErrFeatures)
	}
	st, err := safetensors.Decode(data[:end])
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFeatures, err)
	}
	text, ok := st.Metadata[key]
	if !ok {
		return nil, fmt.Errorf("%w: no %q in it", ErrFeatures, key)
	}
	if err := safetensors.StrictJSON([]byte(text), value); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFeatures, err)
	}
	return st.Tensors, canonical(data[:end], key, value, st.Tensors)
}

// canonical checks that a container has the one form that seal writes, without looking at the tensors' bytes.
func canonical(data []byte, key string, value any, t map[string]safetensors.Tensor) error {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("teach: %w", err)
	}
	again, err := safetensors.Encode(&safetensors.File{Metadata: map[string]string{key: string(text)}, Tensors: t})
	if err != nil {
		return fmt.Errorf("teach: %w", err)
	}
	if !bytes.Equal(data, again) {
		return fmt.Errorf("%w: not in canonical form", ErrFeatures)
	}
	return nil
}

// packedLen is how many bytes n values of 7 bits take.
func packedLen(n int) int { return n - n/8 }

// pack7 writes eight values of 7 bits into seven bytes, the high bit of each of the seven holding a bit of the eighth; the last n%8 stay whole.
func pack7(x []uint8) []byte {
	out := make([]byte, 0, packedLen(len(x))+1)
	for ; len(x) >= 8; x = x[8:] {
		v := binary.LittleEndian.Uint64(x)
		spread := (v >> 56 * 0x0002040810204081) & 0x0001010101010101 // bit i of the eighth, at the foot of byte i
		out = binary.LittleEndian.AppendUint64(out, v&sevenLow|spread<<7)
		out = out[:len(out)-1]
	}
	return append(out, x...)
}

// sevenLow is the lower seven bits of seven bytes.
const sevenLow = 0x007f7f7f7f7f7f7f

func unpack7(data []byte, n int) []uint8 {
	out := make([]uint8, 0, n)
	for ; n >= 8; n -= 8 {
		var v uint64
		if len(data) >= 8 {
			v = binary.LittleEndian.Uint64(data)
		} else {
			v = uint64(binary.LittleEndian.Uint32(data)) | uint64(data[4])<<32 | uint64(data[5])<<40 | uint64(data[6])<<48
		}
		high := v >> 7 & 0x0001010101010101
		last := high * 0x0102040810204000 >> 56 & 127 // bit i of byte i goes to bit 56+i
		out = binary.LittleEndian.AppendUint64(out, v&sevenLow|last<<56)
		data = data[7:]
	}
	return append(out, data...)
}
