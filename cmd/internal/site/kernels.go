package site

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"anomnet/wasm/kernels"
)

// Kernels writes the kernel modules, kernels-simd128.wasm and kernels-relaxed.wasm, to dir.
func Kernels(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("site: %w", err)
	}
	if err := kernelModules(context.Background(), dir); err != nil {
		return fmt.Errorf("site: %w", err)
	}
	return nil
}

// kernelModules is the step of Build.
func kernelModules(_ context.Context, out string) error {
	for name, module := range map[string][]byte{"kernels-simd128.wasm": kernels.SIMD128(), "kernels-relaxed.wasm": kernels.Relaxed()} {
		if err := os.WriteFile(filepath.Join(out, name), module, 0o644); err != nil {
			return err
		}
	}
	return nil
}
