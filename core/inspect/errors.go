package inspect

import (
	"errors"

	"anomnet/core/imaging"
	"anomnet/core/model"
)

// Error codes beside the kinds of imaging. They are stable: pages and --json output use them.
const (
	CodeModelCorrupt  = "model_corrupt"
	CodeModelMismatch = "model_mismatch"
	CodeInternal      = "internal"
)

// ErrorCode returns a stable code for err and a hint what a person can do about it.
func ErrorCode(err error) (code, hint string) {
	var ie *imaging.Error
	switch {
	case errors.As(err, &ie):
		return string(ie.Kind), imageHint(ie.Kind)
	case errors.Is(err, model.ErrMismatch):
		return CodeModelMismatch, "use the backbone that the part was taught with, or teach the part again"
	case errors.Is(err, model.ErrCorrupt):
		return CodeModelCorrupt, "copy the model file again from where it was made"
	}
	return CodeInternal, "this is a fault of the program; please report it with the image"
}

func imageHint(k imaging.Kind) string {
	switch k {
	case imaging.Empty:
		return "the file has no content; copy it again"
	case imaging.NotImage:
		return "use PNG, JPEG, BMP, TIFF or WebP"
	case imaging.Corrupt:
		return "the file is cut short or damaged; copy it again from the camera"
	case imaging.TooLarge:
		return "scale the image down"
	}
	return "save the image as PNG or JPEG"
}
