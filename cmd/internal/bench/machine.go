package bench

import (
	"os"
	"runtime"
	"slices"
	"strings"
)

// Machine is where figures were measured.
type Machine struct {
	CPU   string   `json:"cpu"`
	Cores int      `json:"cores"`
	Flags []string `json:"flags"` // of the instruction sets that matter here
	Load  string   `json:"load"`  // averages over 1, 5 and 15 minutes at the start
	Go    string   `json:"go"`
}

// interesting are the instruction sets that kernels of one side or the other use.
var interesting = []string{"ssse3", "avx", "avx2", "fma", "avx_vnni", "avx512f", "avx512bw", "avx512vl", "avx512_vnni", "avx512_vbmi", "amx_int8",
	"asimd", "asimddp", "i8mm"}

// ThisMachine describes the machine; where /proc is missing only what Go knows.
func ThisMachine() Machine {
	m := Machine{CPU: runtime.GOARCH, Cores: runtime.NumCPU(), Go: runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH}
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		m.read(string(info))
	}
	if load, err := os.ReadFile("/proc/loadavg"); err == nil {
		m.Load = strings.Join(strings.Fields(string(load))[:3], " ")
	}
	return m
}

// read takes the first processor's model and flags from the text of /proc/cpuinfo.
func (m *Machine) read(info string) {
	first, _, _ := strings.Cut(info, "\n\n")
	fields := map[string]string{}
	for line := range strings.SplitSeq(first, "\n") {
		if key, value, ok := strings.Cut(line, ":"); ok {
			fields[strings.TrimSpace(key)] = strings.TrimSpace(value)
		}
	}
	if name := fields["model name"]; name != "" {
		m.CPU = name
		if fields["cpu family"] != "" {
			m.CPU += " (family " + fields["cpu family"] + ", model " + fields["model"] + ")"
		}
	}
	for _, f := range strings.Fields(fields["flags"] + " " + fields["Features"]) {
		if slices.Contains(interesting, f) {
			m.Flags = append(m.Flags, f)
		}
	}
}
