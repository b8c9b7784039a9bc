package ui

import (
	"strconv"
	"strings"

	"github.com/vugu/vugu"

	"anomnet/wasm/protocol"
)

// Judge is where a person gives a verdict beside the program's.
type Judge struct{ Page *Page }

// judging is what was chosen and typed for an item.
type judging struct {
	id              int
	verdict, reason string
}

func (c *Judge) state() *judging {
	j := &c.Page.judging
	if it := c.Page.Selected(); j.id != it.ID {
		*j = judging{id: it.ID}
	}
	return j
}

// Shown tells whether there is something to judge.
func (c *Judge) Shown() bool {
	it := c.Page.Selected()
	return it != nil && it.State == Done
}

// Overridden tells whether a person has judged.
func (c *Judge) Overridden() bool { return c.Page.Selected().Override != nil }

// Kind is the mark of the person's verdict.
func (c *Judge) Kind() string { return strings.ToLower(string(c.Page.Selected().Override.Verdict)) }

// Says is the person's verdict.
func (c *Judge) Says() string {
	o := c.Page.Selected().Override
	who := o.Operator
	if who == "" {
		who = c.Page.t("judge.nobody")
	}
	return c.Page.t("judge.says", "verdict", c.Page.Verdict(string(o.Verdict)), "operator", who)
}

// Why is the person's reason.
func (c *Judge) Why() string { return c.Page.Selected().Override.Reason }

// Verdicts are what a person can choose.
func (c *Judge) Verdicts() []string { return []string{protocol.VerdictOK, protocol.VerdictNG} }

// ID of the radio button of a verdict.
func (c *Judge) ID(verdict string) string { return "judge-" + strings.ToLower(verdict) }

// Chosen tells whether a verdict is chosen.
func (c *Judge) Chosen(verdict string) bool { return c.state().verdict == verdict }

// Choose a verdict.
func (c *Judge) Choose(verdict string) { c.state().verdict = verdict }

// Reason is what was typed.
func (c *Judge) Reason() string { return c.state().reason }

// Type takes what was typed.
func (c *Judge) Type(reason string) { c.state().reason = reason }

// Ready tells whether verdict and reason are there.
func (c *Judge) Ready() bool {
	j := c.state()
	return j.verdict != "" && strings.TrimSpace(j.reason) != ""
}

// Unready is "true" until verdict and reason are there. The button is not disabled by the browser: that would refuse Enter until the next render, and a person can be faster.
func (c *Judge) Unready() string { return strconv.FormatBool(!c.Ready()) }

// Submit takes the form, or nothing while it is not ready.
func (c *Judge) Submit(event vugu.DOMEvent) {
	event.PreventDefault()
	j := c.state()
	c.Page.Override(j.id, j.verdict, j.reason)
	if c.Overridden() {
		*j = judging{}
	}
}

// Withdraw takes the verdict back.
func (c *Judge) Withdraw() { c.Page.Withdraw(c.Page.Selected().ID) }
