package protocol

import (
	"fmt"
	"slices"
)

// Forms of results: what a results message makes. FormRead is the other way round: of the JSON of an export, what the page can show.
const (
	FormCSV  = "csv"
	FormJSON = "json"
	FormHTML = "html"
	FormRead = "read"
)

// ResultsRequest asks for results in a form. The first buffer is a report.Batch as encoding/json writes it, for FormRead the file. For
// FormHTML a second buffer has the texts and pictures, see Page.
type ResultsRequest struct {
	Form string `json:"form"`
	BOM  bool   `json:"bom,omitempty"` // FormCSV begins with a byte order mark
}

// Page is what the page to print needs beside the results.
type Page struct {
	Lang   string            `json:"lang"`
	Texts  map[string]string `json:"texts"`  // the catalogue's, as far as core/report uses them
	Thumbs []string          `json:"thumbs"` // data: addresses by record, "" for none
	MaxOK  int               `json:"max_ok"`
	Good   []float32         `json:"good,omitempty"` // held-out scores of good images
}

func (r ResultsRequest) check() error {
	if !slices.Contains([]string{FormCSV, FormJSON, FormHTML, FormRead}, r.Form) {
		return fmt.Errorf("field form: unknown form %q", r.Form)
	}
	return nil
}
