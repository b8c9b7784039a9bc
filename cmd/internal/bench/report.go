package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// Layer is one operation of a network in one tier.
type Layer struct {
	Net    string  `json:"net"`
	Engine string  `json:"engine"`
	Name   string  `json:"name"`
	Shape  string  `json:"shape"`
	Median float64 `json:"median_ms"`
	Min    float64 `json:"min_ms"`
	Gops   float64 `json:"gops"`
	Share  float64 `json:"share"` // of the sum of all layers
	Peak   float64 `json:"peak_share,omitempty"`
}

// Peak is what the dot instruction of a tier gives in a loop over registers.
type Peak struct {
	Engine string  `json:"engine"`
	Gops   float64 `json:"gops"`
}

// Report is the outcome of a benchmark.
type Report struct {
	Machine Machine  `json:"machine"`
	Peers   []string `json:"peers"`             // names with versions
	Browser string   `json:"browser,omitempty"` // name with version
	Missing []string `json:"missing,omitempty"` // what could not be measured, and why
	Results []Result `json:"results"`
	Ratios  []Ratio  `json:"ratios"`
	Peaks   []Peak   `json:"peaks,omitempty"`
	Layers  []Layer  `json:"layers,omitempty"`
	Stages  []Result `json:"stages,omitempty"`  // of one image from a file to the map
	Workers []Result `json:"workers,omitempty"` // on several cores, wall clock for an image
}

// WriteJSON writes the report as one JSON object.
func (r *Report) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(r)
}

// WriteTable writes the report for people.
func (r *Report) WriteTable(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	m := r.Machine
	fmt.Fprintf(t, "machine: %s, %d cores, flags %s; load %s; %s\n", m.CPU, m.Cores, strings.Join(m.Flags, " "), m.Load, m.Go)
	if r.Browser != "" {
		fmt.Fprintf(t, "browser: %s\n", r.Browser)
	}
	if len(r.Peers) > 0 {
		fmt.Fprintf(t, "peers: %s\n", strings.Join(r.Peers, ", "))
	}
	for _, m := range r.Missing {
		fmt.Fprintf(t, "NOT MEASURED: %s\n", m)
	}
	writeResults(t, "one thread, taking turns", r.Results)
	if len(r.Ratios) > 0 {
		fmt.Fprintf(t, "\nratio, median of rounds\tengine\tas fast as\ttimes\tquartiles\tof minima\t\n")
		for _, x := range r.Ratios {
			fmt.Fprintf(t, "%s\t%s\t%s\t%.2f\t%.2f-%.2f\t%s\t\n", x.Net, x.Engine, x.Peer, x.Times, x.Low, x.High, known("%.2f", x.Minima))
		}
	}
	if len(r.Peaks) > 0 {
		fmt.Fprintf(t, "\npeak of the dot instruction\tGOP/s\t\n")
		for _, p := range r.Peaks {
			fmt.Fprintf(t, "%s\t%.0f\t\n", p.Engine, p.Gops)
		}
	}
	r.writeLayers(t)
	if len(r.Stages) > 0 {
		writeResults(t, "stage", r.Stages)
	}
	if len(r.Workers) > 0 {
		writeResults(t, "several cores, ms an image", r.Workers)
	}
	return t.Flush()
}

func writeResults(w io.Writer, title string, list []Result) {
	fmt.Fprintf(w, "\n%s\tengine\tmedian ms\tquartiles\tmin ms\truns\tGOP/s\tof peak\t\n", title)
	for _, x := range list {
		fmt.Fprintf(w, "%s\t%s\t%.2f\t%.2f-%.2f\t%.2f\t%d\t%s\t%s\t\n", x.Net, x.Engine, x.Median, x.Low, x.High, x.Min, x.Runs,
			known("%.1f", x.Gops), known("%.0f %%", 100*x.Peak))
	}
}

func (r *Report) writeLayers(w io.Writer) {
	of := ""
	for _, l := range r.Layers {
		if key := l.Net + ", " + l.Engine; key != of {
			of = key
			fmt.Fprintf(w, "\n%s\tshape\tmedian ms\tGOP/s\tshare\tof peak\t\n", of)
		}
		fmt.Fprintf(w, "%s\t%s\t%.3f\t%s\t%.1f %%\t%s\t\n", l.Name, l.Shape, l.Median, known("%.1f", l.Gops), 100*l.Share, known("%.0f %%", 100*l.Peak))
	}
}

// known formats a figure, or gives nothing where there is none.
func known(format string, v float64) string {
	if v > 0 {
		return fmt.Sprintf(format, v)
	}
	return ""
}
