//go:build torch

package torch

// #cgo LDFLAGS: -ltorch_cpu -lc10 -lstdc++
// #include <stdlib.h>
// #include "native.h"
import "C"

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"unsafe"

	lib "github.com/sugarme/gotch/libtch"
)

// ErrNoCUDA is wrapped by [Open] when CUDA was asked for and libtorch has no device.
var ErrNoCUDA = errors.New("torch: no CUDA device")

// Device is where tensors live: [CPU], or the index of a CUDA device.
type Device int32

// CPU is the processor's memory.
const CPU Device = -1

// running makes Do exclusive: libtorch's seed, thread count and determinism switch belong to the whole process.
var running sync.Mutex

// Do calls f on a pinned thread and gives f's error. Everything else of this package but Open and Version is to be called
// inside f, in f's own goroutine. Calls of Do wait for each other; a call inside f would wait for ever.
func Do(f func() error) error {
	running.Lock()
	defer running.Unlock()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	was, err := setGrad(true)
	if err != nil {
		return err
	}
	defer setGrad(was) //nolint:errcheck // it worked a moment ago
	return f()
}

// NoGrad calls f with gradients off: what f computes remembers nothing for [Scope.Backward].
func NoGrad(f func()) error {
	was, err := setGrad(false)
	if err != nil {
		return err
	}
	defer setGrad(was) //nolint:errcheck // it worked a moment ago
	f()
	return nil
}

// Open chooses a device: "cpu", "cuda" (the first CUDA device), or "auto" and "" (CUDA where libtorch finds a device, else
// the CPU). It gives the device and a line for the user that says what was taken and why.
func Open(name string) (Device, string, error) {
	n, err := cudaDevices()
	if err != nil && name != "cpu" {
		return CPU, "", err
	}
	switch name {
	case "cpu":
		return CPU, "cpu (asked for)", nil
	case "cuda":
		if n == 0 {
			return CPU, "", fmt.Errorf("%w: libtorch %s finds none; use a CUDA build of libtorch (LIBTORCH=DIR) "+
				"on a machine with an NVIDIA driver, or the device cpu", ErrNoCUDA, Version())
		}
		return 0, "cuda:0 (asked for)", nil
	case "", "auto":
		if n > 0 {
			return 0, "cuda:0 (auto: libtorch finds a CUDA device)", nil
		}
		return CPU, "cpu (auto: libtorch finds no CUDA device)", nil
	}
	return CPU, "", fmt.Errorf("torch: device %q, want auto, cpu or cuda", name)
}

// String gives "cpu" or "cuda:0".
func (d Device) String() string {
	if d < 0 {
		return "cpu"
	}
	return fmt.Sprintf("cuda:%d", int32(d))
}

// Version gives the release of the libtorch that this program was built with, for instance "1.13.0".
func Version() string {
	var buf [64]C.char
	if err := native("version", C.anomnet_version(&buf[0], C.int(len(buf)))); err != nil {
		return "unknown"
	}
	return C.GoString(&buf[0])
}

// Seed starts libtorch's random numbers over.
func Seed(seed int64) error {
	return native("manual_seed", C.anomnet_manual_seed(C.int64_t(seed)))
}

// SetThreads sets how many threads one operation may use on the CPU. Sums are split by thread, so results for one
// seed are equal bit for bit only at an equal number of threads.
func SetThreads(n int) error {
	if n < 1 || n > 1024 {
		return fmt.Errorf("torch: %d threads, want 1..1024", n)
	}
	return native("set_num_threads", C.anomnet_set_threads(C.int(n)))
}

// Threads gives the number of threads in use on the CPU.
func Threads() (int, error) {
	var n C.int
	err := native("get_num_threads", C.anomnet_get_threads(&n))
	return int(n), err
}

// cublasWorkspace is where cuBLAS reads how much memory it works in. Where that is open its sums differ from run to run, and libtorch says so at every product
// of matrices: a line of 700 bytes on stderr each time.
const cublasWorkspace = "CUBLAS_WORKSPACE_CONFIG"

// Deterministic asks for algorithms that give equal bits on every run. It is to be called before the first product of matrices.
func Deterministic(on bool) error {
	if on && os.Getenv(cublasWorkspace) == "" {
		if err := os.Setenv(cublasWorkspace, ":4096:8"); err != nil { // cgo passes it on to C
			return fmt.Errorf("torch: deterministic: %w", err)
		}
	}
	return native("deterministic", C.anomnet_set_deterministic(cbool(on)))
}

func cudaDevices() (int, error) {
	var n C.int
	err := native("cuda_device_count", C.anomnet_cuda_devices(&n))
	return int(n), err
}

func setGrad(on bool) (was bool, err error) {
	var w C.int
	err = native("grad_mode", C.anomnet_set_grad(cbool(on), &w))
	return w != 0, err
}

func requiresGrad(t lib.Ctensor) (bool, error) {
	var is C.int
	err := native("requires_grad", C.anomnet_requires_grad(unsafe.Pointer(t), &is))
	return is != 0, err
}

func deviceOf(t lib.Ctensor) (Device, error) {
	var d C.int
	err := native("device", C.anomnet_device_of(unsafe.Pointer(t), &d))
	return Device(d), err
}

func setData(t, from lib.Ctensor) error {
	return native("set", C.anomnet_set_data(unsafe.Pointer(t), unsafe.Pointer(from)))
}

func adamStep(p, m, v lib.Ctensor, a AdamW, step int, rate, decay float64) error {
	return native("adamw", C.anomnet_adamw(unsafe.Pointer(p), unsafe.Pointer(m), unsafe.Pointer(v), C.int64_t(step), C.double(rate),
		C.double(a.Beta1), C.double(a.Beta2), C.double(a.Epsilon), C.double(decay)))
}

func bytesAt(data unsafe.Pointer, rows, columns int) (lib.Ctensor, error) {
	var out unsafe.Pointer
	err := native("bytes", C.anomnet_bytes(data, C.int64_t(rows), C.int64_t(columns), &out))
	return lib.Ctensor(out), err
}

func upload(t lib.Ctensor, d Device, spare, block int64) (lib.Ctensor, error) {
	var out unsafe.Pointer
	err := native("upload", C.anomnet_upload(unsafe.Pointer(t), C.int(d), C.int64_t(spare), C.int64_t(block), &out))
	return lib.Ctensor(out), err
}

func cbool(b bool) C.int {
	if b {
		return 1
	}
	return 0
}

// native turns a message of native.cpp into an error and frees it.
func native(what string, msg *C.char) error {
	if msg == nil {
		return nil
	}
	defer C.free(unsafe.Pointer(msg))
	return fmt.Errorf("torch: %s: %s", what, firstLine(C.GoString(msg)))
}

// lastError takes the error that the last libtch call left on this thread, nil if it left none.
func lastError(what string) error {
	return native(what, (*C.char)(unsafe.Pointer(lib.GetAndResetLastErr())))
}

// firstLine drops the C++ backtrace that libtorch puts behind its message.
func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return strings.TrimSpace(s)
}
