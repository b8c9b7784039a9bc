package compare

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"anomnet/core/model"
	"anomnet/trainer/atomicfile"
)

// Grid is what is to be run on each data set.
type Grid struct {
	Methods []string
	Seeds   int    // seeds 0 to Seeds-1
	Bytes   []int  // sizes of the centroids
	Steps   int    // of gradient methods, 0 for their defaults
	Device  string // that they run on, "" for the CPU: another one gives other bits and takes other times
}

// Check says whether the grid makes sense.
func (g *Grid) Check() error {
	for i, m := range g.Methods {
		if !slices.Contains(Methods(), m) {
			return fmt.Errorf("compare: method %q, want some of %v", m, Methods())
		}
		if slices.Contains(g.Methods[:i], m) {
			return fmt.Errorf("compare: method %s twice", m) // the table would take it for other seeds
		}
	}
	for i, b := range g.Bytes {
		if slices.Contains(g.Bytes[:i], b) {
			return fmt.Errorf("compare: heads of %d bytes twice", b)
		}
		if b < 1<<10 || b > 1<<26 {
			return fmt.Errorf("compare: heads of %d bytes, want %d..%d", b, 1<<10, 1<<26)
		}
	}
	if len(g.Methods) == 0 || len(g.Bytes) == 0 || g.Seeds < 1 || g.Seeds > 1000 || g.Steps < 0 {
		return fmt.Errorf("compare: %d methods, %d sizes, %d seeds, %d steps", len(g.Methods), len(g.Bytes), g.Seeds, g.Steps)
	}
	return nil
}

// keys lists the cells of a data set. Methods without a head have one size only.
func (g *Grid) keys(d *Data) []Key {
	steps := "default"
	if g.Steps > 0 {
		steps = fmt.Sprint(g.Steps)
	}
	var out []Key
	for _, m := range g.Methods {
		for i, b := range g.Bytes {
			if m == PaDiM || m == CFA || m == SimpleNet {
				if b = 0; i > 0 {
					continue
				}
			}
			device := ""
			if Gradient(m) && g.Device != "cpu" {
				device = g.Device
			}
			for seed := range int64(g.Seeds) {
				out = append(out, Key{m, d.Name, b, seed, fmt.Sprintf("%dx%d", d.pre.Width, d.pre.Height), d.Backbone, d.SHA256, d.TestSHA, steps, model.Software, device})
			}
		}
	}
	return out
}

// Store keeps cells in a folder, one file each. The zero value keeps nothing.
type Store struct{ Dir string }

func (s Store) path(k Key) string {
	text, _ := json.Marshal(k) //nolint:errcheck // strings and numbers
	sum := sha256.Sum256(text)
	return filepath.Join(s.Dir, fmt.Sprintf("%s--%s--%d--%d--%s.json", k.Method, filepath.Base(k.Data), k.Bytes, k.Seed, hex.EncodeToString(sum[:4])))
}

// Load gives a cell that was stored; nil when there is none.
func (s Store) Load(k Key) (*Cell, error) {
	if s.Dir == "" {
		return nil, nil
	}
	text, err := os.ReadFile(s.path(k))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("compare: %w", err)
	}
	c := &Cell{}
	if err := json.Unmarshal(text, c); err != nil {
		return nil, fmt.Errorf("compare: %s: %w; remove it to run the cell again", s.path(k), err)
	}
	if c.Key != k {
		return nil, fmt.Errorf("compare: %s is of another cell", s.path(k))
	}
	return c, nil
}

// Save stores a cell.
func (s Store) Save(c *Cell) error {
	if s.Dir == "" {
		return nil
	}
	text, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("compare: %w", err)
	}
	return atomicfile.Write(s.path(c.Key), text)
}

// Failed is a cell that could not be made; without a method it is all cells of a data set.
type Failed struct {
	Key
	Error string `json:"error"`
}

// Runner runs the cells of data sets, so many side by side.
type Runner struct {
	Grid     Grid
	Store    Store
	Jobs     int
	Options  Options
	Progress func(done, total int, what string) // from one goroutine at a time
}

// Stored gives all cells of a data set when every one of them is stored, so that its features need not be computed; else none.
func (r *Runner) Stored(d *Data) ([]*Cell, error) {
	var cells []*Cell
	for _, k := range r.Grid.keys(d) {
		c, err := r.Store.Load(k)
		if c == nil || err != nil {
			return nil, err
		}
		cells = append(cells, c)
	}
	return cells, nil
}

// Run makes all cells of a data set, in the order of the grid. A cell that fails does not stop the others; ctx and a full disk do.
func (r *Runner) Run(ctx context.Context, d *Data) (cells []*Cell, failed []Failed, err error) {
	keys := r.Grid.keys(d)
	made, faults := make([]*Cell, len(keys)), make([]error, len(keys))
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var wait sync.WaitGroup
	var mu sync.Mutex
	done := 0
	next := make(chan int)
	for range max(1, min(r.Jobs, len(keys))) {
		wait.Go(func() {
			for i := range next {
				c, err := r.one(ctx, d, keys[i])
				var full *os.PathError
				if errors.As(err, &full) {
					stop(err)
				}
				mu.Lock()
				made[i], faults[i] = c, err
				done++
				if r.Progress != nil {
					r.Progress(done, len(keys), fmt.Sprintf("%s %s seed %d", d.Name, keys[i].Method, keys[i].Seed))
				}
				mu.Unlock()
			}
		})
	}
	for i := range keys {
		if ctx.Err() != nil {
			break
		}
		next <- i
	}
	close(next)
	wait.Wait()
	if ctx.Err() != nil {
		return nil, nil, context.Cause(ctx)
	}
	for i, c := range made {
		if faults[i] != nil {
			failed = append(failed, Failed{keys[i], faults[i].Error()})
			continue
		}
		cells = append(cells, c)
	}
	return cells, failed, nil
}

// one loads a cell or makes it.
func (r *Runner) one(ctx context.Context, d *Data, k Key) (*Cell, error) {
	if c, err := r.Store.Load(k); c != nil || err != nil {
		return c, err
	}
	o := r.Options
	o.Steps = r.Grid.Steps
	c, err := d.cell(ctx, k, o)
	if err != nil {
		return nil, err
	}
	return c, r.Store.Save(c)
}
