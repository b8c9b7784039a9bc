package ui

import vjs "github.com/vugu/vugu/js"

// Lens is what the page needs from the browser to look closer at images. Answers come back like those of Backend.
type Lens interface {
	// Stage takes wheel, pointer and keys of a pane, and tells its size. The answers are Page.ZoomBy, PanBy, PanKey and Look.Resized.
	Stage(el vjs.Value)
	// Beside draws an image beside the selected one, with its map where item is not nil; like Picture, it does nothing when nothing changed. id
	// tells images apart.
	Beside(el vjs.Value, id int, src Source, item *Item)
	// Crop draws a part of an image: left, top, right and bottom in fractions of it.
	Crop(el vjs.Value, id int, src Source, box [4]float64)
	// Limits takes the pointer's events of the chart with the limits. The answer is Page.DragLimit.
	Limits(el vjs.Value)
	// Similar seeks in good images the spot that is most like the one that decided about an image. The answer is Page.SimilarFound.
	Similar(id int, src Source, good []Source)
}
