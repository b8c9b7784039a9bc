package imaging

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/png"
	"io"

	"golang.org/x/image/bmp"
)

// sniff names the format by the first bytes, "" if they are of no image format. Formats that Decode does not read are
// named too, so that the error can say "gif" instead of "not an image".
func sniff(data []byte) string {
	for _, s := range []struct{ magic, name string }{
		{"\x89PNG", "png"},
		{"\xff\xd8\xff", "jpeg"},
		{"II*\x00", "tiff"}, {"MM\x00*", "tiff"},
		{"II+\x00", "bigtiff"}, {"MM\x00+", "bigtiff"},
		{"GIF87a", "gif"}, {"GIF89a", "gif"},
		{"8BPS\x00", "psd"},
		{"\x00\x00\x00\x0cjP  \r\n\x87\n", "jpeg2000"},
		{"\xff\x4f\xff\x51", "jpeg2000"},
		{"\x00\x00\x00\x0cJXL \r\n\x87\n", "jpegxl"}, {"\xff\x0a", "jpegxl"},
	} {
		if bytes.HasPrefix(data, []byte(s.magic)) {
			return s.name
		}
	}
	if len(data) >= 12 && string(data[:4]) == "RIFF" && string(data[8:12]) == "WEBP" {
		return "webp"
	}
	// "BM" alone is ordinary text; the four reserved bytes of a BMP header are zero.
	if len(data) >= 10 && string(data[:2]) == "BM" && binary.LittleEndian.Uint32(data[6:]) == 0 {
		return "bmp"
	}
	if len(data) >= 12 && string(data[4:8]) == "ftyp" {
		switch string(data[8:12]) {
		case "avif", "avis":
			return "avif"
		case "heic", "heix", "hevc", "heim", "heis", "mif1", "msf1":
			return "heic"
		}
	}
	return ""
}

// pngHeaderLen is the signature (8) and the IHDR chunk: length (4), type (4), data (13), CRC (4). PNG spec, section 11.2.1.
const pngHeaderLen = 33

// pngConfig is png.DecodeConfig, except that it takes the size of a palette image from IHDR as well, where the
// standard library first wants the palette. A file of a header and nothing else is then refused for its size.
func pngConfig(r io.Reader) (image.Config, error) {
	var b [pngHeaderLen]byte
	if n, err := io.ReadFull(r, b[:]); err != nil {
		return png.DecodeConfig(bytes.NewReader(b[:n]))
	}
	if string(b[12:16]) != "IHDR" || crc32.ChecksumIEEE(b[12:29]) != binary.BigEndian.Uint32(b[29:]) {
		return png.DecodeConfig(io.MultiReader(bytes.NewReader(b[:]), r))
	}
	w, h := binary.BigEndian.Uint32(b[16:]), binary.BigEndian.Uint32(b[20:])
	if w > 1<<31-1 || h > 1<<31-1 {
		return image.Config{}, png.FormatError("width or height over 2^31-1")
	}
	return image.Config{Width: int(w), Height: int(h)}, nil
}

// maxChunks bounds the chunks of a PNG file: the decoder takes 4 KB for each that it skips.
const maxChunks = 256 << 10

// checkPNG refuses a file that cannot hold its pixels even at deflate's best ratio, 1032 to 1, before a buffer is made, and one of many chunks.
func checkPNG(data []byte, w, h int) *Error {
	channels := map[byte]int64{0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[data[25]]
	need := int64(h) * ((int64(w)*channels*int64(data[24]) + 7) / 8)
	if need/1032 > int64(len(data)) {
		return truncated("png", fmt.Sprintf("%d bytes cannot hold %d x %d pixels", len(data), w, h))
	}
	n := 0
	walkPNG(data, func(string, []byte) bool { n++; return n <= maxChunks })
	if n > maxChunks {
		return &Error{Kind: Unsupported, Format: "png", Detail: fmt.Sprintf("more than %d chunks", maxChunks), Offset: -1}
	}
	return nil
}

// decodeBMP is bmp.Decode, except that the fourth byte of a pixel is alpha only where masks say so (BI_BITFIELDS). x/image takes it for alpha in all files
// with a header of version 4 or 5; most writers leave it 0, and the picture would be white.
func decodeBMP(r io.Reader) (image.Image, error) {
	var header [34]byte
	n, _ := io.ReadFull(r, header[:])
	img, err := bmp.Decode(io.MultiReader(bytes.NewReader(header[:n]), r))
	if m, ok := img.(*image.NRGBA); ok && binary.LittleEndian.Uint32(header[30:]) == 0 { // BITMAPINFOHEADER.biCompression
		for i := 3; i < len(m.Pix); i += 4 {
			m.Pix[i] = 255
		}
	}
	return img, err
}

// checkBMP refuses a file that is shorter than its pixels.
func checkBMP(data []byte, w, h int) *Error {
	bpp := int64(binary.LittleEndian.Uint16(data[28:])) // BITMAPINFOHEADER.biBitCount
	if need := int64(h) * ((int64(w)*bpp + 7) / 8); need > int64(len(data)) {
		return truncated("bmp", fmt.Sprintf("%d bytes, %d x %d pixels need %d", len(data), w, h, need))
	}
	return nil
}

// Encoders write about ten scans. Each costs a pass over the whole picture, however few bytes it has, so both their number
// and their work, scans times pixels, are bounded.
const (
	maxScans    = 100
	maxScanWork = 1 << 30
)

func checkJPEG(data []byte, w, h int) *Error {
	limit := min(maxScans, maxScanWork/(int64(w)*int64(h))+1)
	scans := int64(0)
	walkJPEG(data, func(marker byte, _ []byte) bool {
		if marker == 0xda { // SOS
			scans++
		}
		return scans <= limit
	})
	if scans > limit {
		d := fmt.Sprintf("more than %d scans of %d x %d pixels", limit, w, h)
		return &Error{Kind: Unsupported, Format: "jpeg", Detail: d, Offset: -1}
	}
	return nil
}

// maxBlocks bounds the strips or tiles of a TIFF file. Each costs a decompressor, and all may have the same data: 64 megapixels in tiles of
// 8 x 8 are a million, in a file of 8 MB.
const maxBlocks = 32 << 10

// checkTIFF refuses what the decoder would read wrongly, and a file that cannot hold its pixels.
func checkTIFF(data []byte, w, h int) *Error {
	t, ok := parseIFD(data)
	if !ok {
		return nil // the decoder has the better words
	}
	if d := t.misread(); d != "" {
		return &Error{Kind: Unsupported, Format: "tiff", Detail: d, Offset: -1}
	}
	if n := t.blocks(int64(w), int64(h)); n > maxBlocks {
		return &Error{Kind: Unsupported, Format: "tiff", Detail: fmt.Sprintf("%d strips or tiles, the limit is %d", n, maxBlocks), Offset: -1}
	}
	// Best ratios: LZW 4096 bytes for a code of 9 bits or more, deflate 1032; CCITT has none but is 1 bit a pixel.
	if need := int64(w) * int64(h) * t.samples(); t.ccitt() || need/4096 <= int64(len(data)) {
		return nil
	}
	return truncated("tiff", fmt.Sprintf("%d bytes cannot hold %d x %d pixels", len(data), w, h))
}

// tiffMisread is ifd.misread of a file.
func tiffMisread(data []byte) string {
	t, ok := parseIFD(data)
	if !ok {
		return ""
	}
	return t.misread()
}

// checkWebP names animations, which the decoder reports as damage, and files shorter than their RIFF header says.
func checkWebP(data []byte, w, h int) *Error {
	if !webpWhole(data) {
		return truncated("webp", fmt.Sprintf("%d bytes, fewer than the header says", len(data)))
	}
	const animation = 1 << 1
	if len(data) > 20 && string(data[12:16]) == "VP8X" && data[20]&animation != 0 {
		return &Error{Kind: Unsupported, Format: "webp", Detail: "animation", Offset: -1}
	}
	return nil
}

func pngWhole(data []byte) bool {
	return walkPNG(data, func(string, []byte) bool { return true })
}

func jpegWhole(data []byte) bool {
	return walkJPEG(data, func(byte, []byte) bool { return true })
}

func webpWhole(data []byte) bool {
	return int64(binary.LittleEndian.Uint32(data[4:])) <= int64(len(data))-8
}
