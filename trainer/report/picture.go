package report

import (
	"bytes"
	"encoding/base64"
	"html/template"
	"image"
	"image/color"
	"image/png"
	"math"

	"anomnet/core/detect"
	"anomnet/core/imaging"
)

// shown is a picture as data URLs.
type shown struct {
	Caption    string
	Image, Map template.URL
}

// mapSide is the size at which a map is drawn when its picture could not be read.
const mapSide = 256

// pictures encodes pictures and maps. One scale serves all maps, from the smallest to the largest value.
func pictures(list []Picture) ([]shown, error) {
	low, high := float32(math.Inf(1)), float32(math.Inf(-1))
	for _, p := range list {
		for _, v := range p.Map {
			low, high = min(low, v), max(high, v)
		}
	}
	var out []shown
	for _, p := range list {
		s := shown{Caption: p.Caption}
		w, h := mapSide, mapSide
		if p.Image != nil {
			w, h = p.Image.W, p.Image.H
			var err error
			if s.Image, err = dataURL(outlined(p.Image, p.Mask)); err != nil {
				return nil, err
			}
		}
		if len(p.Map) == p.MapW*p.MapH && len(p.Map) > 0 {
			var err error
			if s.Map, err = dataURL(coloured(detect.Upsample(p.Map, p.MapW, p.MapH, w, h), w, h, low, high)); err != nil {
				return nil, err
			}
		}
		out = append(out, s)
	}
	return out, nil
}

func dataURL(m image.Image) (template.URL, error) {
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		return "", err
	}
	return template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes())), nil
}

// outlined draws the border of the mask into a copy of the picture.
func outlined(m *imaging.RGB, mask []bool) image.Image {
	out := image.NewRGBA(image.Rect(0, 0, m.W, m.H))
	set := func(x, y int) bool {
		return x >= 0 && y >= 0 && x < m.W && y < m.H && len(mask) == m.W*m.H && mask[y*m.W+x]
	}
	for y := range m.H {
		for x := range m.W {
			p := m.Pix[3*(y*m.W+x):]
			c := color.RGBA{p[0], p[1], p[2], 255}
			if set(x, y) && !(set(x-1, y) && set(x+1, y) && set(x, y-1) && set(x, y+1)) {
				c = color.RGBA{0, 200, 80, 255}
			}
			out.SetRGBA(x, y, c)
		}
	}
	return out
}

// ramp goes from dark to light, so it also reads in grey.
var ramp = []color.RGBA{{0, 0, 4, 255}, {87, 16, 110, 255}, {188, 55, 84, 255}, {249, 142, 9, 255}, {252, 255, 164, 255}}

func coloured(v []float32, w, h int, low, high float32) image.Image {
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	for i, x := range v {
		t := 0.0
		if high > low && x == x {
			t = min(max(float64((x-low)/(high-low)), 0), 1) * float64(len(ramp)-1)
		}
		k := min(int(t), len(ramp)-2)
		f := t - float64(k)
		mix := func(a, b uint8) uint8 { return uint8(math.Round(float64(a)*(1-f) + float64(b)*f)) }
		a, b := ramp[k], ramp[k+1]
		out.SetRGBA(i%w, i/w, color.RGBA{mix(a.R, b.R), mix(a.G, b.G), mix(a.B, b.B), 255})
	}
	return out
}
