package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"

	"anomnet/core/policy"
	"anomnet/core/policy/pin"
)

func policyCommand(flags *flag.FlagSet) func(context.Context, *console, []string) error {
	file := flags.String("pin-file", "", "pin: `file` whose first line is the PIN; default: ask at the terminal")
	rounds := flags.Int("rounds", pin.Rounds, "pin: `number` of rounds of PBKDF2; each try takes as long")
	return func(_ context.Context, c *console, args []string) error {
		switch {
		case len(args) == 1 && args[0] == "new":
			return printPolicy(c, policy.Default())
		case len(args) == 1 && args[0] == "pin":
			return printPIN(c, *file, *rounds)
		case len(args) == 2 && (args[0] == "format" || args[0] == "check"):
			text, err := os.ReadFile(args[1])
			if err != nil {
				return err
			}
			p, err := policy.Read(text)
			if err == nil && args[0] == "check" {
				_, err = policy.Decode(text)
			}
			if err != nil {
				return fmt.Errorf("%s: %w", args[1], err)
			}
			if args[0] == "format" {
				return printPolicy(c, p)
			}
			fmt.Fprintf(c.out, "%s: ok\n", oneLine(args[1]))
			return nil
		}
		return usageError("want new, format FILE, check FILE, or pin")
	}
}

func printPolicy(c *console, p *policy.Policy) error {
	text, err := p.Encode()
	if err != nil {
		return err
	}
	_, err = c.out.Write(text)
	return err
}

// printPIN prints the value of "pin" for a policy.
func printPIN(c *console, file string, rounds int) error {
	typed, err := readPassphrase(file, true)
	if err != nil {
		return errors.New(strings.ReplaceAll(err.Error(), "passphrase", "PIN"))
	}
	salt := make([]byte, 16)
	if _, err := rand.Read(salt); err != nil {
		return fmt.Errorf("policy: %w", err)
	}
	p, err := pin.New(typed, salt, rounds)
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return fmt.Errorf("policy: %w", err)
	}
	fmt.Fprintf(c.out, "%s\n", text)
	return nil
}
