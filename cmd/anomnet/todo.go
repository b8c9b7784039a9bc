package main

import (
	"context"
	"flag"
)

func pending(*flag.FlagSet) func(context.Context, *console, []string) error { return nil }

var serveCommand = pending
