package imaging

import "strings"

// Kind says why an image was refused. The values are stable: pages and --json output use them as error codes.
type Kind string

// The reasons for which Decode refuses a file.
const (
	Empty       Kind = "empty"       // the file has no bytes
	NotImage    Kind = "not_image"   // the first bytes belong to no image format that we know
	Corrupt     Kind = "corrupt"     // damaged or cut short; a cut file has io.ErrUnexpectedEOF in its chain
	TooLarge    Kind = "too_large"   // over a limit of Limits, seen before any pixel buffer was made
	Unsupported Kind = "unsupported" // a valid file of a kind that is not read (GIF, HEIC, 12-bit JPEG, ...)
)

// Error is the error of Decode; use errors.As to get at the Kind.
type Error struct {
	Kind   Kind
	Format string // "png", "jpeg", "bmp", "tiff", "webp", the name of an unsupported format, or empty
	Detail string // what was found and what was expected, in words; may be empty
	Offset int64  // how many bytes of the file the decoder had taken when it gave up, -1 if it does not say
	Err    error  // the decoder's own error; may be nil
}

func (e *Error) Error() string {
	parts := []string{"imaging"}
	if e.Format != "" {
		parts = append(parts, e.Format)
	}
	parts = append(parts, strings.ReplaceAll(string(e.Kind), "_", " "))
	if e.Detail != "" {
		parts = append(parts, e.Detail)
	}
	if e.Err != nil {
		parts = append(parts, e.Err.Error())
	}
	return strings.Join(parts, ": ")
}

// Unwrap returns the decoder's own error.
func (e *Error) Unwrap() error { return e.Err }
