package site

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
)

// The icon is drawn here as in assets/icons/anomnet.svg, on a field of 24 units: nine tiles, the middle one a disc of another colour.
var (
	iconGround = color.NRGBA{0x1f, 0x3d, 0x7a, 255}
	iconTile   = color.NRGBA{0xdf, 0xe7, 0xf7, 255}
	iconOdd    = color.NRGBA{0xff, 0xb4, 0x54, 255}
)

// icons writes the icons of the installed page. A maskable one fills its square, with the drawing within the middle 80 % that every system shows.
func icons(_ context.Context, out string) error {
	for name, make := range map[string]func() *image.NRGBA{
		"icon-192.png":     func() *image.NRGBA { return icon(192, 1, 5) },
		"icon-512.png":     func() *image.NRGBA { return icon(512, 1, 5) },
		"maskable-512.png": func() *image.NRGBA { return icon(512, 0.75, 0) },
	} {
		var b bytes.Buffer
		if err := png.Encode(&b, make()); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(out, "assets", "icons", name), b.Bytes(), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// fine is the number of samples of a pixel along each side.
const fine = 4

// icon draws size x size pixels, the tiles scaled around the middle, the corners of the ground round by radius.
func icon(size int, scale, radius float64) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, size, size))
	unit := 24 / float64(size*fine)
	for y := range size {
		for x := range size {
			var sum [4]int
			for i := range fine * fine {
				c := iconAt((float64(x*fine+i%fine)+0.5)*unit, (float64(y*fine+i/fine)+0.5)*unit, scale, radius)
				sum[0] += int(c.R) * int(c.A)
				sum[1] += int(c.G) * int(c.A)
				sum[2] += int(c.B) * int(c.A)
				sum[3] += int(c.A)
			}
			if a := sum[3]; a > 0 {
				m.SetNRGBA(x, y, color.NRGBA{uint8(sum[0] / a), uint8(sum[1] / a), uint8(sum[2] / a), uint8(a / (fine * fine))})
			}
		}
	}
	return m
}

// iconAt is the colour at a point.
func iconAt(x, y, scale, radius float64) color.NRGBA {
	u, v := (x-12)/scale, (y-12)/scale
	if u*u+v*v <= 9 {
		return iconOdd
	}
	if tile(u) && tile(v) && !(within(u, 2) && within(v, 2)) {
		return iconTile
	}
	if cx, cy := max(radius-x, x-(24-radius), 0), max(radius-y, y-(24-radius), 0); cx*cx+cy*cy > radius*radius {
		return color.NRGBA{}
	}
	return iconGround
}

func within(v, r float64) bool { return v >= -r && v <= r }

// tile tells whether a coordinate, from the middle, lies in one of three tiles of 4 units, 2 apart.
func tile(v float64) bool { return within(v, 2) || within(v-6, 2) || within(v+6, 2) }
