// Command mkrelease makes a release: archives of the command line and of the site, checksums, a bill of materials, licences.
//
//	go run ./cmd/mkrelease -version v1.2.3 [-o dist] [-secret KEY -passphrase-file FILE]
//
// Exit status: 0 made, 1 failed, 2 wrong usage.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"strings"

	"aead.dev/minisign"

	"anomnet/cmd/internal/release"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stderr))
}

// versions are those that can stand in a file's name and in a linker's flag.
var versions = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._+-]{0,60}$`)

func run(ctx context.Context, args []string, stderr io.Writer) int {
	fl := flag.NewFlagSet("mkrelease", flag.ContinueOnError)
	fl.SetOutput(stderr)
	root := fl.String("root", ".", "source tree")
	out := fl.String("o", "dist", "folder to write")
	version := fl.String("version", "", "version, as v1.2.3")
	secret := fl.String("secret", "", "secret `key` of minisign that signs the checksums")
	passphrase := fl.String("passphrase-file", "", "`file` with the key's passphrase; none: the key has none")
	if err := fl.Parse(args); err != nil || fl.NArg() > 0 {
		return 2
	}
	if !versions.MatchString(*version) {
		fmt.Fprintln(stderr, "mkrelease: error: -version is missing, or has other characters than letters, digits, and . _ + -")
		return 2
	}
	opt := &release.Options{Root: *root, Version: *version, Log: stderr}
	if *secret != "" {
		key, err := open(*secret, *passphrase)
		if err != nil {
			fmt.Fprintln(stderr, "mkrelease: error:", err)
			return 1
		}
		opt.Sign = func(sums []byte) ([]byte, error) {
			r := minisign.NewReader(strings.NewReader(string(sums)))
			if _, err := io.Copy(io.Discard, r); err != nil {
				return nil, err
			}
			return r.SignWithComments(key, "anomnet release "+*version, "signature from minisign secret key"), nil
		}
	}
	if err := release.Build(ctx, *out, opt); err != nil {
		fmt.Fprintln(stderr, "mkrelease: error:", err)
		return 1
	}
	return 0
}

// open reads a secret key.
func open(path, passphraseFile string) (minisign.PrivateKey, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return minisign.PrivateKey{}, err
	}
	text = []byte(strings.TrimSpace(string(text)))
	var key minisign.PrivateKey
	if passphraseFile == "" {
		err = key.UnmarshalText(text)
		return key, err
	}
	phrase, err := os.ReadFile(passphraseFile)
	if err != nil {
		return key, err
	}
	line, _, _ := strings.Cut(string(phrase), "\n")
	return minisign.DecryptKey(strings.TrimSuffix(line, "\r"), text)
}
