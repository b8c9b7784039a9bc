package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"

	"anomnet/core/audit"
)

// auditResult is what audit verify --json prints. The keys are stable.
type auditResult struct {
	File      string           `json:"file"`
	OK        bool             `json:"ok"`
	Entries   int64            `json:"entries"` // in order, before the fault if there is one
	First     string           `json:"first,omitempty"`
	Last      string           `json:"last,omitempty"`
	Head      string           `json:"head,omitempty"`     // hash of the last entry in order
	HeadSeq   uint64           `json:"head_seq,omitempty"` // the entry that --head names
	ClockBack int64            `json:"clock_back"`
	Kinds     map[string]int64 `json:"kinds"`
	Fault     *auditFault      `json:"fault,omitempty"`
}

type auditFault struct {
	Line   int64        `json:"line"`
	Seq    uint64       `json:"seq,omitempty"`
	Reason audit.Reason `json:"reason"`
	Detail string       `json:"detail"`
}

func auditCommand(flags *flag.FlagSet) func(context.Context, *console, []string) error {
	head := flags.String("head", "", "`hash` of an entry, noted elsewhere, that must be there; without it a history whose end was cut off passes")
	asJSON := flags.Bool("json", false, "print JSON with stable keys")
	return func(_ context.Context, c *console, args []string) error {
		if len(args) != 2 || args[0] != "verify" {
			return usageError("want verify FILE")
		}
		f, err := os.Open(args[1])
		if err != nil {
			return err
		}
		defer f.Close()
		sum, err := audit.Verify(f, &audit.Options{Head: *head})
		var broken *audit.Broken
		if err != nil && !errors.As(err, &broken) {
			return fmt.Errorf("%s: %w", args[1], err)
		}
		if *asJSON {
			if err := printAudit(c, args[1], sum, broken); err != nil {
				return err
			}
		}
		if broken != nil {
			return fmt.Errorf("%s: %w", args[1], broken)
		}
		if !*asJSON {
			showAudit(c, args[1], sum)
		}
		return nil
	}
}

func printAudit(c *console, file string, sum *audit.Summary, broken *audit.Broken) error {
	r := auditResult{File: file, OK: broken == nil, Entries: sum.Entries, HeadSeq: sum.HeadSeq, ClockBack: sum.ClockBack, Kinds: sum.Kinds}
	if sum.Entries > 0 {
		r.First, r.Last, r.Head = sum.First.String(), sum.Last.String(), sum.Chain.Hash
	}
	if broken != nil {
		r.Fault = &auditFault{broken.Line, broken.Seq, broken.Reason, broken.Detail}
	}
	return json.NewEncoder(c.out).Encode(r)
}

func showAudit(c *console, file string, sum *audit.Summary) {
	fmt.Fprintf(c.out, "%s: ok, %d entries from %s to %s\nhead %s\n", oneLine(file), sum.Entries, sum.First, sum.Last, sum.Chain.Hash)
	if sum.HeadSeq > 0 {
		fmt.Fprintf(c.out, "entry %d has the expected hash; %d came after it\n", sum.HeadSeq, sum.Chain.Seq-sum.HeadSeq)
	} else {
		c.log("anomnet: note: without --head an end that was cut off is not found")
	}
	if sum.ClockBack > 0 {
		c.log("anomnet: note: the clock went back %d times", sum.ClockBack)
	}
}
