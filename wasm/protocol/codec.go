package protocol

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// MaxMeta is the longest meta that Decode takes, in bytes.
const MaxMeta = 1 << 16

// maxSide bounds every width and height in a message.
const maxSide = 1 << 16

// checker is a meta type that can say what is wrong with itself.
type checker interface{ check() error }

// Encode returns the meta string of v. It fails on values that Decode would refuse, such as NaN scores. Whether the text is too long, see MaxMeta, is
// for the caller to see.
func Encode(v any) (string, error) {
	if c, ok := v.(checker); ok {
		if err := c.check(); err != nil {
			return "", fmt.Errorf("protocol: encode %T: %w", v, err)
		}
	}
	b, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("protocol: encode %T: %w", v, err)
	}
	return string(b), nil
}

// Decode reads a meta string into a T. Unknown, duplicate or differently cased fields, trailing data and values out of
// range are errors.
func Decode[T any](meta string) (T, error) {
	var v, zero T
	if len(meta) > MaxMeta {
		return zero, fmt.Errorf("protocol: decode %T: %d bytes, the limit is %d", zero, len(meta), MaxMeta)
	}
	if err := checkFields(meta); err != nil {
		return zero, fmt.Errorf("protocol: decode %T: %w", zero, err)
	}
	d := json.NewDecoder(strings.NewReader(meta))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		return zero, fmt.Errorf("protocol: decode %T: %w", zero, err)
	}
	if _, err := d.Token(); err != io.EOF {
		return zero, fmt.Errorf("protocol: decode %T: trailing data at offset %d", zero, d.InputOffset())
	}
	if c, ok := any(v).(checker); ok {
		if err := c.check(); err != nil {
			return zero, fmt.Errorf("protocol: decode %T: %w", zero, err)
		}
	}
	return v, nil
}

// checkFields requires a JSON object whose names are lower case and unique: encoding/json would accept "RAW" for "raw"
// and let the last of two duplicates win.
func checkFields(meta string) error {
	d := json.NewDecoder(strings.NewReader(meta))
	t, err := d.Token()
	if err != nil {
		return err
	}
	if t != json.Delim('{') {
		return errors.New("not a JSON object")
	}
	seen := map[string]bool{}
	for d.More() {
		k, err := d.Token()
		if err != nil {
			return err
		}
		name, ok := k.(string)
		switch {
		case !ok:
			return fmt.Errorf("field name expected at offset %d", d.InputOffset())
		case seen[name]:
			return fmt.Errorf("duplicate field %q", name)
		case name != strings.ToLower(name):
			return fmt.Errorf("unknown field %q", name)
		}
		seen[name] = true
		var skip json.RawMessage
		if err := d.Decode(&skip); err != nil {
			return err
		}
		if bytes.Equal(skip, []byte("null")) {
			return fmt.Errorf("field %q is null", name)
		}
	}
	return nil
}

func (r LoadRequest) check() error {
	if r.Lend < 0 || r.Lend >= MaxModelFiles {
		return fmt.Errorf("field lend: %d is not in 0..%d", r.Lend, MaxModelFiles-1)
	}
	return nil
}

func (r Ready) check() error {
	if len(r.Tiers) == 0 || slices.Contains(r.Tiers, "") {
		return fmt.Errorf("field tiers: %q", r.Tiers)
	}
	return nil
}

func (p Progress) check() error {
	if p.Done < 0 || p.Total < 0 || (p.Total > 0 && p.Done > p.Total) {
		return fmt.Errorf("field done: %d of %d", p.Done, p.Total)
	}
	return nil
}

func (e Error) check() error {
	if !slices.Contains(Codes(), e.Code) {
		return fmt.Errorf("field code: unknown code %q", e.Code)
	}
	return nil
}

func (r LoadResult) check() error {
	if !(r.FalseRejectRate >= 0 && r.FalseRejectRate <= 1) {
		return fmt.Errorf("field false_reject_rate: %v is not in 0..1", r.FalseRejectRate)
	}
	if r.Calibration < 0 || r.Centroids < 0 {
		return errors.New("field calibration or centroids: negative")
	}
	if !slices.Contains([]string{ModeStretch, ModeFit, ModeCrop}, r.Mode) {
		return fmt.Errorf("field mode: unknown mode %q", r.Mode)
	}
	for _, f := range []float32{r.Limit, r.Review, r.MapLow, r.MapHigh} {
		if !(f >= 0 && f <= math.MaxFloat32) {
			return fmt.Errorf("field limit, review, map_low or map_high: %v", f)
		}
	}
	if r.Review > r.Limit {
		return fmt.Errorf("field review: %v is above limit %v", r.Review, r.Limit)
	}
	return errors.Join(region(r.ROI), side("width", r.Width, "height", r.Height, "top_k", r.TopK))
}

func (r ScoreResult) check() error {
	if math.Float32bits(r.Raw) != r.RawBits {
		return fmt.Errorf("field raw_bits: %#x, but raw %v has %#x", r.RawBits, r.Raw, math.Float32bits(r.Raw))
	}
	for _, f := range []float64{float64(r.Raw), float64(r.Limit), float64(r.Review), r.Ratio, float64(r.MapLow), float64(r.MapHigh), float64(r.Worst), r.Millis} {
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return errors.New("a number is not finite")
		}
	}
	if !(r.PValue >= 0 && r.PValue <= 1) {
		return fmt.Errorf("field p_value: %v is not in 0..1", r.PValue)
	}
	if !slices.Contains([]string{VerdictOK, VerdictReview, VerdictNG}, r.Verdict) {
		return fmt.Errorf("field verdict: unknown verdict %q", r.Verdict)
	}
	for i, g := range r.Regions {
		if g.Area < 1 || !(g.Share >= 0 && g.Share <= 1) {
			return fmt.Errorf("field regions: %d has area %d, share %v", i, g.Area, g.Share)
		}
	}
	return side("worst_x", r.WorstX, "worst_y", r.WorstY, "width", r.Width, "height", r.Height, "map_w", r.MapW, "map_h", r.MapH, "pre_w", r.PreW, "pre_h", r.PreH)
}

// side checks alternating names and lengths.
func side(pairs ...any) error {
	for i := 0; i < len(pairs); i += 2 {
		if n := pairs[i+1].(int); n < 0 || n > maxSide {
			return fmt.Errorf("field %v: %d is not in 0..%d", pairs[i], n, maxSide)
		}
	}
	return nil
}

// Buffers checks the buffers of a score result against its sizes and returns the map and the preview (nil when there is none).
func (r ScoreResult) Buffers(bufs [][]byte) (heat []float32, preview []byte, err error) {
	if len(bufs) != 2 {
		return nil, nil, fmt.Errorf("protocol: score result has %d buffers, want 2", len(bufs))
	}
	if len(bufs[0]) != 4*r.MapW*r.MapH {
		return nil, nil, fmt.Errorf("protocol: anomaly map has %d bytes, want %d x %d float32", len(bufs[0]), r.MapW, r.MapH)
	}
	if len(bufs[1]) != 4*r.PreW*r.PreH {
		return nil, nil, fmt.Errorf("protocol: preview has %d bytes, want %d x %d RGBA", len(bufs[1]), r.PreW, r.PreH)
	}
	if len(bufs[1]) > 0 {
		preview = bufs[1]
	}
	return DecodeMap(bufs[0]), preview, nil
}

// EncodeMap returns m as little-endian float32 bytes.
func EncodeMap(m []float32) []byte {
	b := make([]byte, 0, 4*len(m))
	for _, v := range m {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

// DecodeMap is the inverse of EncodeMap; bytes beyond the last whole float32 are ignored.
func DecodeMap(b []byte) []float32 {
	m := make([]float32, len(b)/4)
	for i := range m {
		m[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return m
}
