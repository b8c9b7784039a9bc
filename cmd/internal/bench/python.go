package bench

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
)

//go:embed peer.py
var peerScript string

// ErrNoPeer is wrapped when a peer is not installed.
var ErrNoPeer = errors.New("bench: peer is not there")

// Python is onnxruntime's own build of its engine, in a Python process.
type Python struct {
	Version string

	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// answer of the script.
type answer struct {
	Version string    `json:"version"`
	MS      []float64 `json:"ms"`
	Outputs [][]byte  `json:"outputs"`
	Error   string    `json:"error"`
}

// StartPython starts exe with the script. It fails with ErrNoPeer where Python, onnxruntime or numpy is missing.
func StartPython(ctx context.Context, exe string) (*Python, error) {
	cmd := exec.CommandContext(ctx, exe, "-c", peerScript)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrNoPeer, err)
	}
	p := &Python{cmd: cmd, in: in, out: bufio.NewReader(out)}
	hello, err := p.answer()
	if err != nil {
		p.Close()
		lines := strings.Split(strings.TrimSpace(stderr.String()), "\n")
		return nil, fmt.Errorf("%w: %s: %s (pip install onnxruntime numpy)", ErrNoPeer, exe, lines[len(lines)-1])
	}
	p.Version = hello.Version
	return p, nil
}

// Close ends the process.
func (p *Python) Close() {
	p.in.Close()
	_ = p.cmd.Wait() // it ends with its input; how does not matter
}

func (p *Python) ask(request map[string]any) (*answer, error) {
	line, err := json.Marshal(request)
	if err != nil {
		return nil, err
	}
	if _, err := p.in.Write(append(line, '\n')); err != nil {
		return nil, fmt.Errorf("bench: python: %w", err)
	}
	return p.answer()
}

func (p *Python) answer() (*answer, error) {
	line, err := p.out.ReadBytes('\n')
	if err != nil {
		return nil, fmt.Errorf("bench: python: %w", err)
	}
	a := &answer{}
	if err := json.Unmarshal(line, a); err != nil {
		return nil, fmt.Errorf("bench: python: %w", err)
	}
	if a.Error != "" {
		return nil, fmt.Errorf("bench: python: %s", a.Error)
	}
	return a, nil
}

// contenders loads every target in both forms. dir keeps the files.
func (p *Python) contenders(targets []target, dir string) ([]Contender, error) {
	var list []Contender
	for _, t := range targets {
		for _, f := range forms {
			name := fmt.Sprint(len(list))
			_, net, input, err := t.export(dir, f, len(list))
			if err != nil {
				return nil, err
			}
			if _, err := p.ask(map[string]any{"op": "load", "name": name, "model": filepath.Join(dir, net), "input": filepath.Join(dir, input)}); err != nil {
				return nil, err
			}
			list = append(list, Contender{Net: t.name, Engine: "onnxruntime " + f.name, Ops: t.ops, Run: func(_ context.Context, n int) ([]float64, error) {
				a, err := p.ask(map[string]any{"op": "run", "name": name, "times": n})
				if err != nil {
					return nil, err
				}
				return a.MS, nil
			}})
		}
	}
	return list, nil
}
