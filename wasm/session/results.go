package session

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"anomnet/core/report"
	"anomnet/wasm/protocol"
)

// results writes or reads results. The page leaves that to a worker so that its program stays small and thousands of records do not hold
// it up.
func results(m protocol.Message) protocol.Message {
	req, err := protocol.Decode[protocol.ResultsRequest](m.Meta)
	want := 1
	if req.Form == protocol.FormHTML {
		want = 2
	}
	if err == nil && len(m.Bufs) != want {
		err = fmt.Errorf("session: results have %d buffers, want %d", len(m.Bufs), want)
	}
	if err != nil {
		return failure(m.ID, protocol.CodeBadMessage, err.Error(), "")
	}
	out, err := convert(req, m.Bufs)
	if err != nil {
		return failure(m.ID, protocol.CodeBadMessage, err.Error(), "")
	}
	return answer(m.ID, protocol.Empty{}, out)
}

func convert(req protocol.ResultsRequest, bufs [][]byte) ([]byte, error) {
	if req.Form == protocol.FormRead {
		b, err := report.Parse(bufs[0])
		if err != nil {
			return nil, err
		}
		return json.Marshal(b)
	}
	var b report.Batch
	if err := json.Unmarshal(bufs[0], &b); err != nil {
		return nil, fmt.Errorf("session: results: %w", err)
	}
	switch req.Form {
	case protocol.FormCSV:
		return report.CSV(&b, &report.CSVOptions{BOM: req.BOM}), nil
	case protocol.FormJSON:
		return report.JSON(&b)
	}
	var p protocol.Page
	if err := json.Unmarshal(bufs[1], &p); err != nil {
		return nil, fmt.Errorf("session: page: %w", err)
	}
	thumb := func(i int) string {
		if i < len(p.Thumbs) {
			return p.Thumbs[i]
		}
		return ""
	}
	return report.HTML(&b, &report.HTMLOptions{Words: words(p.Texts), Lang: p.Lang, Thumb: thumb, MaxOK: p.MaxOK, Calibration: p.Good})
}

// words are texts of the page's catalogue, with its rules.
type words map[string]string

func (w words) T(key string, args ...string) string {
	s, ok := w[key]
	if !ok {
		return key
	}
	pairs := make([]string, len(args)/2*2)
	for i := 0; i+1 < len(args); i += 2 {
		pairs[i], pairs[i+1] = "{"+args[i]+"}", args[i+1]
	}
	return strings.NewReplacer(pairs...).Replace(s)
}

func (w words) Number(f float64, digits int) string {
	return strings.Replace(strconv.FormatFloat(f, 'f', digits, 64), ".", w.T("format.decimal"), 1)
}
