package protocol

import (
	"encoding/json"
	"errors"
	"fmt"
)

// MaxDrafts bounds how many entries one append message makes.
const MaxDrafts = 1000

// Draft is an entry of the history before it is chained; core/audit says what its fields may hold.
type Draft struct {
	Time     string          `json:"time"`
	Operator string          `json:"operator,omitempty"`
	Kind     string          `json:"kind"`
	Payload  json.RawMessage `json:"payload"`
	File     string          `json:"-"` // stays in the page: the key under which the image stands in the history once at most, "" for none
}

// AppendRequest is the end of the chain to which drafts are appended: number and hash of its last entry, 0 and "" for an empty one.
type AppendRequest struct {
	Seq  int64  `json:"seq"`
	Hash string `json:"hash,omitempty"`
}

// AppendResult is the chain's new end.
type AppendResult struct {
	Seq  int64  `json:"seq"`
	Hash string `json:"hash"`
}

// VerifyRequest asks for a check of a history; Head is a hash that must be in it, "" for none.
type VerifyRequest struct {
	Head string `json:"head,omitempty"`
}

// VerifyResult is what audit.Verify found: what is in order, and the first fault if Reason is not empty.
type VerifyResult struct {
	Entries   int64  `json:"entries"`
	Hash      string `json:"hash"` // of the last entry in order
	First     string `json:"first,omitempty"`
	Last      string `json:"last,omitempty"`
	ClockBack int64  `json:"clock_back,omitempty"`
	HeadSeq   int64  `json:"head_seq,omitempty"`
	Reason    string `json:"reason,omitempty"`
	Line      int64  `json:"line,omitempty"`
	Seq       int64  `json:"seq,omitempty"`
	Detail    string `json:"detail,omitempty"`
}

// EncodeDrafts makes the buffer of an append message.
func EncodeDrafts(drafts []Draft) ([]byte, error) {
	b, err := json.Marshal(drafts)
	if err != nil {
		return nil, fmt.Errorf("protocol: drafts: %w", err)
	}
	return b, nil
}

// DecodeDrafts reads what EncodeDrafts makes.
func DecodeDrafts(b []byte) ([]Draft, error) {
	var drafts []Draft
	if err := json.Unmarshal(b, &drafts); err != nil {
		return nil, fmt.Errorf("protocol: drafts: %w", err)
	}
	if len(drafts) == 0 || len(drafts) > MaxDrafts {
		return nil, fmt.Errorf("protocol: %d drafts, want 1 to %d", len(drafts), MaxDrafts)
	}
	return drafts, nil
}

func (r AppendRequest) check() error {
	if r.Seq < 0 || (r.Seq == 0) != (r.Hash == "") {
		return fmt.Errorf("field hash: %q with entry %d", r.Hash, r.Seq)
	}
	return nil
}

func (r AppendResult) check() error {
	if r.Seq < 1 || r.Hash == "" {
		return errors.New("field seq or hash: empty")
	}
	return nil
}
