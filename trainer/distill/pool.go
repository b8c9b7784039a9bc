package distill

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
)

// pool keeps crops and the teacher's features of them on disk: records of one size, [pixels][features as float16][CRC-32], at the
// place of the crop's number. It is a memory only: what is missing or damaged is computed again, to the same bits.
type pool struct {
	f      *os.File
	pix    int // bytes of a crop
	values int // features of a crop
	buf    []byte
}

// openPool opens or makes the file; key names everything that the records depend on.
func openPool(dir, key string, pix, values int) (*pool, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("distill: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "crops-"+key[:12]+".bin"), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("distill: crops: %w", err)
	}
	return &pool{f: f, pix: pix, values: values, buf: make([]byte, pix+2*values+4)}, nil
}

func (p *pool) close() { p.f.Close() }

// get reads record i; ok is false when it is not there whole.
func (p *pool) get(i int64) (pix []uint8, features []uint16, ok bool) {
	if _, err := p.f.ReadAt(p.buf, i*int64(len(p.buf))); err != nil {
		return nil, nil, false
	}
	body := p.buf[:len(p.buf)-4]
	if binary.LittleEndian.Uint32(p.buf[len(body):]) != checksum(body, i) {
		return nil, nil, false
	}
	features = make([]uint16, p.values)
	for k := range features {
		features[k] = binary.LittleEndian.Uint16(body[p.pix+2*k:])
	}
	return append([]uint8(nil), body[:p.pix]...), features, true
}

// put writes record i.
func (p *pool) put(i int64, pix []uint8, features []uint16) error {
	buf := append(make([]byte, 0, len(p.buf)), pix...)
	for _, v := range features {
		buf = binary.LittleEndian.AppendUint16(buf, v)
	}
	buf = binary.LittleEndian.AppendUint32(buf, checksum(buf, i))
	if _, err := p.f.WriteAt(buf, i*int64(len(buf))); err != nil {
		return fmt.Errorf("distill: crops: %w", err)
	}
	return nil
}

// checksum covers the record's number, so that a hole of zeros is no record.
func checksum(body []byte, i int64) uint32 {
	sum := crc32.ChecksumIEEE(body)
	return crc32.Update(sum, crc32.IEEETable, binary.LittleEndian.AppendUint64([]byte{1}, uint64(i)))
}
