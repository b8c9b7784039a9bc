package distill

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"anomnet/core/imaging"
	"anomnet/core/parallel"
	"anomnet/trainer/dataset"
)

// shortSide is the shorter side of a kept photograph at most; larger ones are brought to it.
const shortSide = 256

// maxStrip is the longer side of one at most, maxReason the bytes of why one cannot be read.
const (
	maxStrip  = 16 * shortSide
	maxReason = 1 << 12
)

// photoHeader is the start of a record: width, height, bytes that follow, their CRC-32. A width of zero is an unreadable image, and what
// follows is the reason.
type photoHeader struct{ W, H, N, Sum uint32 }

const photoHeaderBytes = 16

// photo says where the pixels of a photograph lie.
type photo struct {
	path string
	w, h int
	at   int64
}

// photos are the decoded photographs of a folder, in a file. It may be read from several goroutines.
type photos struct {
	f          *os.File
	list       []photo // that could be read
	unreadable []Unreadable
	digest     string // of the names, sizes and times of the files
}

func (p *photos) close() { p.f.Close() }

// read returns the pixels of photograph i of the list.
func (p *photos) read(i int) (*imaging.RGB, error) {
	q := p.list[i]
	img := imaging.NewRGB(q.w, q.h)
	if _, err := p.f.ReadAt(img.Pix, q.at); err != nil {
		return nil, fmt.Errorf("distill: cache of photographs: %s: %w", q.path, err)
	}
	return img, nil
}

// openPhotos decodes the images of a folder once, into a file in dir. A cut leaves a part, and the next call goes on from it.
func openPhotos(ctx context.Context, images, dir string, progress func(done, total int)) (*photos, error) {
	paths, err := dataset.Images(images)
	if err != nil {
		return nil, err
	}
	digest, err := listDigest(images, paths)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("distill: %w", err)
	}
	name := filepath.Join(dir, "photos-"+digest[:12]+".bin")
	if _, err := os.Stat(name); errors.Is(err, os.ErrNotExist) {
		if err := decodeAll(ctx, paths, name+".part", progress); err != nil {
			return nil, err
		}
		if err := os.Rename(name+".part", name); err != nil {
			return nil, fmt.Errorf("distill: cache of photographs: %w", err)
		}
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("distill: cache of photographs: %w", err)
	}
	p := &photos{f: f, digest: digest}
	if err := p.scan(paths); err != nil {
		f.Close()
		return nil, fmt.Errorf("distill: %s: %w; remove it, and it is made again", name, err)
	}
	return p, nil
}

// digestBytes of each image stand for it in listDigest: reading them all would take minutes at each start, and its time changes when a folder is copied.
const digestBytes = 4096

// listDigest names a folder's content by the names, sizes and first bytes of its images.
func listDigest(dir string, paths []string) (string, error) {
	h := sha256.New()
	fmt.Fprintf(h, "photos 2 %d\n", shortSide)
	for _, p := range paths {
		size, first, err := beginning(p)
		if err != nil {
			return "", fmt.Errorf("distill: %w", err)
		}
		rel, err := filepath.Rel(dir, p)
		if err != nil {
			rel = p
		}
		fmt.Fprintf(h, "%q %d %x\n", rel, size, sha256.Sum256(first))
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// beginning returns the size of a file and its first bytes.
func beginning(path string) (size int64, first []byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return 0, nil, err
	}
	first, err = io.ReadAll(io.LimitReader(f, digestBytes))
	return info.Size(), first, err
}

// scan reads the headers of all records.
func (p *photos) scan(paths []string) error {
	at := int64(0)
	for _, path := range paths {
		var b [photoHeaderBytes]byte
		if _, err := p.f.ReadAt(b[:], at); err != nil {
			return fmt.Errorf("header at offset %d: %w", at, err)
		}
		h := parseHeader(b[:])
		if !h.valid() {
			return fmt.Errorf("bad header at offset %d", at)
		}
		at += photoHeaderBytes
		if h.W > 0 {
			p.list = append(p.list, photo{path, int(h.W), int(h.H), at})
		} else {
			reason := make([]byte, h.N)
			if _, err := p.f.ReadAt(reason, at); err != nil {
				return fmt.Errorf("record at offset %d: %w", at, err)
			}
			p.unreadable = append(p.unreadable, Unreadable{path, string(reason)})
		}
		at += int64(h.N)
	}
	if info, err := p.f.Stat(); err != nil || info.Size() != at {
		return fmt.Errorf("the records end at offset %d, and the file does not", at)
	}
	return nil
}

func parseHeader(b []byte) photoHeader {
	u := binary.LittleEndian.Uint32
	return photoHeader{u(b), u(b[4:]), u(b[8:]), u(b[12:])}
}

func (h photoHeader) valid() bool {
	if h.W == 0 {
		return h.N <= maxReason
	}
	return max(h.W, h.H) <= maxStrip && min(h.W, h.H) <= shortSide && h.N == 3*h.W*h.H // what decode makes; a damaged header takes no more memory
}

func (h photoHeader) bytes() []byte {
	b := make([]byte, 0, photoHeaderBytes)
	for _, v := range []uint32{h.W, h.H, h.N, h.Sum} {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	return b
}

// decodeChunk is how many images are decoded before they are written.
const decodeChunk = 64

// decodeAll appends to part what it lacks.
func decodeAll(ctx context.Context, paths []string, part string, progress func(done, total int)) error {
	f, err := os.OpenFile(part, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return fmt.Errorf("distill: cache of photographs: %w", err)
	}
	defer f.Close()
	done, err := keepWhole(f, len(paths))
	if err != nil {
		return fmt.Errorf("distill: cache of photographs: %w", err)
	}
	for chunk := range slices.Chunk(paths[done:], decodeChunk) {
		records := make([][]byte, len(chunk))
		_, err := parallel.Run(ctx, len(chunk), runtime.GOMAXPROCS(0), nil, func() (struct{}, error) { return struct{}{}, nil },
			func(_ struct{}, i int) error {
				records[i] = record(chunk[i])
				return nil
			})
		if err != nil {
			return err
		}
		for _, r := range records {
			if _, err := f.Write(r); err != nil {
				return fmt.Errorf("distill: cache of photographs: %w", err)
			}
		}
		if done += len(chunk); progress != nil {
			progress(done, len(paths))
		}
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("distill: cache of photographs: %w", err)
	}
	return nil
}

// keepWhole counts the whole records at the start of f, cuts the rest off, and leaves f at its end.
func keepWhole(f *os.File, limit int) (done int, err error) {
	r := bufio.NewReaderSize(f, 1<<20)
	at := int64(0)
	for done < limit {
		var b [photoHeaderBytes]byte
		if _, err := io.ReadFull(r, b[:]); err != nil {
			break
		}
		h := parseHeader(b[:])
		if !h.valid() {
			break
		}
		data := make([]byte, h.N)
		if _, err := io.ReadFull(r, data); err != nil || crc32.ChecksumIEEE(data) != h.Sum {
			break
		}
		at += photoHeaderBytes + int64(h.N)
		done++
	}
	if err := f.Truncate(at); err != nil {
		return 0, err
	}
	_, err = f.Seek(at, io.SeekStart)
	return done, err
}

// record decodes one file.
func record(path string) []byte {
	img, err := decode(path)
	if err != nil {
		reason := []byte(err.Error())
		reason = reason[:min(len(reason), maxReason)]
		return append(photoHeader{N: uint32(len(reason)), Sum: crc32.ChecksumIEEE(reason)}.bytes(), reason...)
	}
	h := photoHeader{uint32(img.W), uint32(img.H), uint32(len(img.Pix)), crc32.ChecksumIEEE(img.Pix)}
	return append(h.bytes(), img.Pix...)
}

func decode(path string) (*imaging.RGB, error) {
	data, err := dataset.Read(path)
	if err != nil {
		return nil, err
	}
	img, err := imaging.Decode(data, nil)
	if err != nil {
		return nil, err
	}
	short := min(img.W, img.H)
	if short > shortSide {
		img = imaging.Resize(img, max(1, (img.W*shortSide+short/2)/short), max(1, (img.H*shortSide+short/2)/short))
	}
	if max(img.W, img.H) > maxStrip {
		return nil, fmt.Errorf("%d x %d pixels: too narrow a strip", img.W, img.H)
	}
	return img, nil
}
