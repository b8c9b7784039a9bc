package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// ortWebVersion is the version of onnxruntime-web that is installed.
const ortWebVersion = "1.30.0"

// OrtWeb returns the dist folder of onnxruntime-web below dir and its version. It installs it with npm where it is missing, and fails with
// ErrNoPeer where that is not possible.
func OrtWeb(ctx context.Context, dir string, log io.Writer) (dist, version string, err error) {
	root := filepath.Join(dir, "node_modules", "onnxruntime-web")
	if version, err = packageVersion(root); err != nil {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return "", "", err
		}
		cmd := exec.CommandContext(ctx, "npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", dir, "onnxruntime-web@"+ortWebVersion)
		cmd.Stdout, cmd.Stderr = log, log
		if err := cmd.Run(); err != nil {
			return "", "", fmt.Errorf("%w: npm install onnxruntime-web: %v", ErrNoPeer, err)
		}
		if version, err = packageVersion(root); err != nil {
			return "", "", err
		}
	}
	return filepath.Join(root, "dist"), version, nil
}

func packageVersion(root string) (string, error) {
	text, err := os.ReadFile(filepath.Join(root, "package.json"))
	if err != nil {
		return "", err
	}
	var p struct {
		Version string `json:"version"`
	}
	if err := json.Unmarshal(text, &p); err != nil {
		return "", fmt.Errorf("bench: %s: %w", root, err)
	}
	return p.Version, nil
}
