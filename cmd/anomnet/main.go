// Command anomnet teaches, trains, scores and serves visual anomaly detectors. `anomnet help` lists what it does.
//
// Results go to stdout, everything else to stderr. Exit codes: 0 done, 1 failed, 2 usage, 3 the condition of --fail-on was met, 130
// cancelled.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"anomnet/core/model"
	"anomnet/trainer/atomicfile"
)

// The exit codes.
const (
	exitOK        = 0
	exitFailed    = 1
	exitUsage     = 2
	exitFailOn    = 3
	exitCancelled = 130
)

// version is that of the release, which its build sets. Heads do not carry it: model.Software is the same in every build.
var version string

// errUsage is wrapped by errors of the command line itself; errFailOn asks for exit code 3 without a message.
var (
	errUsage  = errors.New("usage")
	errFailOn = errors.New("condition of --fail-on met")
)

// command is one subcommand: it gets its flag set, which it fills, and returns what to run.
type command struct {
	name, args, does string
	setup            func(fs *flag.FlagSet) func(ctx context.Context, c *console, args []string) error
}

// commands lists the subcommands in order of use.
func commands() []command {
	return []command{
		{"serve", "", "serve the page and the models on this machine", serveCommand},
		{"kiosk", "[--policy FILE]", "the page on the whole screen of a station, with Chromium", kioskCommand},
		{"policy", "new|format|check|pin [FILE]", "make and check the policy of a station", policyCommand},
		{"score", "--model FILE PATH...", "score images and folders", scoreCommand},
		{"teach", "--good DIR --part NAME --out FILE", "learn a part from good images, in pure Go", teachCommand},
		{"train", "--data DIR --part NAME --out FILE", "learn a part with the two-stage training (libtorch)", trainCommand},
		{"eval", "--model FILE --data DIR", "measure a head on a test set in MVTec layout", evalCommand},
		{"compare", "--data DIR...", "run methods on data sets with seeds, on the same features: one table", compareCommand},
		{"import", "--from FILE --arch ARCH --images DIR --out FILE", "make a quantised backbone of float weights", importCommand},
		{"distill", "--teacher FILE --images DIR --out FILE", "train a backbone to see what a larger one sees (libtorch)", distillCommand},
		{"synth", "--kind KIND --out DIR", "make pictures of a procedural part with defects and masks", synthCommand},
		{"model", "show|verify|keygen|sign|pack|join PATH", "look at, check, sign, pack and join model files", modelCommand},
		{"audit", "verify FILE", "check the chain of a history", auditCommand},
		{"bench", "engine|browser", "time the kernel tiers and onnxruntime beside each other", benchCommand},
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends what cannot be cancelled, a read from a pipe for instance
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run executes one command line and returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 || args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		usage(stdout)
		if len(args) == 0 {
			return exitUsage
		}
		return exitOK
	}
	if args[0] == "version" || args[0] == "--version" {
		fmt.Fprintln(stdout, strings.TrimSpace(model.Software+" "+version))
		return exitOK
	}
	for _, cmd := range commands() {
		if cmd.name == args[0] {
			return runCommand(ctx, cmd, args[1:], stdout, stderr)
		}
	}
	fmt.Fprintf(stderr, "anomnet: error: no command %q\nanomnet: hint: 'anomnet help' lists the commands\n", args[0])
	return exitUsage
}

func runCommand(ctx context.Context, cmd command, args []string, stdout, stderr io.Writer) int {
	fs := flag.NewFlagSet(cmd.name, flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.Usage = func() {
		fmt.Fprintf(stderr, "anomnet %s %s\n  %s\n", cmd.name, cmd.args, cmd.does)
		fs.PrintDefaults()
	}
	body := cmd.setup(fs)
	rest, err := parse(fs, args)
	if errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	if err != nil {
		return exitUsage
	}
	out := &keepError{w: stdout}
	c := newConsole(out, stderr)
	err = body(ctx, c, rest)
	c.finish()
	if out.err != nil && (err == nil || errors.Is(err, errFailOn)) {
		err = out.err
	}
	return exitCode(ctx, cmd, err, stderr)
}

// parse allows flags after arguments, as people type them. After "--" all are arguments.
func parse(fs *flag.FlagSet, args []string) (rest []string, err error) {
	for {
		if err := fs.Parse(args); err != nil {
			return nil, err
		}
		if fs.NArg() == 0 {
			return rest, nil
		}
		if taken := len(args) - fs.NArg(); taken > 0 && args[taken-1] == "--" {
			return append(rest, fs.Args()...), nil
		}
		rest, args = append(rest, fs.Arg(0)), fs.Args()[1:]
	}
}

func exitCode(ctx context.Context, cmd command, err error, stderr io.Writer) int {
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errFailOn):
		return exitFailOn
	case ctx.Err() != nil:
		fmt.Fprintln(stderr, "anomnet: cancelled")
		return exitCancelled
	}
	fmt.Fprintln(stderr, "anomnet: error:", harmless(err.Error()))
	if errors.Is(err, errUsage) {
		fmt.Fprintf(stderr, "anomnet: hint: anomnet %s %s; 'anomnet %s -h' lists the flags\n", cmd.name, cmd.args, cmd.name)
		return exitUsage
	}
	if h := hint(err); h != "" {
		fmt.Fprintln(stderr, "anomnet: hint:", h)
	}
	return exitFailed
}

// harmless is the text of an error, in which names of files stand: none of them speaks to the terminal, and none begins a line as this program does.
func harmless(text string) string {
	lines := strings.Split(strings.ReplaceAll(text, "\t", "    "), "\n")
	for i, line := range lines {
		lines[i] = oneLine(line)
	}
	return strings.Join(lines, "\n  ")
}

func usage(w io.Writer) {
	fmt.Fprintf(w, "%s: shows what is wrong with a part after it has seen good ones\n\n", model.Software)
	for _, c := range commands() {
		fmt.Fprintf(w, "  %-8s %-52s %s\n", c.name, c.args, c.does)
	}
	fmt.Fprintln(w, "\n'anomnet COMMAND -h' lists the flags of a command.")
}

// checkFolder says whether files could be written into a folder of the command line. "" is none.
func checkFolder(dir string) error {
	if dir == "" {
		return nil
	}
	return atomicfile.Check(filepath.Join(dir, "index.html"))
}

// checkOutput says whether the file out can be written, and that it is none of the inputs, which it would replace. An input may be "".
func checkOutput(out string, inputs ...string) error {
	if err := atomicfile.Check(out); err != nil {
		return err
	}
	there, err := os.Stat(out)
	if err != nil {
		return nil // it is not there yet
	}
	for _, in := range inputs {
		if info, err := os.Stat(in); err == nil && os.SameFile(info, there) {
			return usageError("--out %s would be written over %s: take another name", out, in)
		}
	}
	return nil
}

func usageError(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errUsage, fmt.Sprintf(format, args...))
}
