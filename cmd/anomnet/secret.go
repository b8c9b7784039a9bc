package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"aead.dev/minisign"
	"golang.org/x/term"

	"anomnet/core/signature"
)

// newKeyPair writes NAME.key, encrypted and readable for its owner only, and NAME.pub. It replaces neither: a lost key cannot be made again.
func newKeyPair(name, passphraseFile string) (key signature.Key, err error) {
	for _, path := range []string{name + ".key", name + ".pub"} {
		if _, err := os.Lstat(path); err == nil {
			return key, fmt.Errorf("%s is there; choose another name", path)
		}
	}
	passphrase, err := readPassphrase(passphraseFile, true)
	if err != nil {
		return key, err
	}
	public, secret, err := minisign.GenerateKey(nil)
	if err != nil {
		return key, fmt.Errorf("keygen: %w", err)
	}
	locked, err := minisign.EncryptKey(passphrase, secret)
	if err != nil {
		return key, fmt.Errorf("keygen: %w", err)
	}
	text, err := public.MarshalText()
	if err != nil {
		return key, fmt.Errorf("keygen: %w", err)
	}
	if err := writeNew(name+".key", append(locked, '\n'), 0o600); err != nil {
		return key, err
	}
	if err := writeNew(name+".pub", append(text, '\n'), 0o644); err != nil {
		return key, err
	}
	return signature.ParseKey(public.String(), "", signature.FromUser)
}

func writeNew(path string, data []byte, mode os.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// openSecret reads a secret key of keygen or of minisign, with a passphrase or, from minisign -W, without.
func openSecret(path, passphraseFile string) (minisign.PrivateKey, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return minisign.PrivateKey{}, err
	}
	text = bytes.TrimSpace(text)
	var key minisign.PrivateKey
	if key.UnmarshalText(text) == nil {
		return key, nil
	}
	passphrase, err := readPassphrase(passphraseFile, false)
	if err != nil {
		return minisign.PrivateKey{}, err
	}
	if key, err = minisign.DecryptKey(passphrase, text); err != nil {
		return minisign.PrivateKey{}, fmt.Errorf("%s: %w", path, err)
	}
	return key, nil
}

// readPassphrase takes the first line of a file or asks at the terminal, twice for a new one.
func readPassphrase(path string, fresh bool) (string, error) {
	if path != "" {
		data, err := os.ReadFile(path)
		if err != nil {
			return "", err
		}
		line, _, _ := strings.Cut(string(data), "\n")
		return checkPassphrase(strings.TrimSuffix(line, "\r"))
	}
	fd := int(os.Stdin.Fd())
	if !term.IsTerminal(fd) {
		return "", errors.New("there is no terminal to ask for the passphrase; give --passphrase-file")
	}
	ask := func(what string) (string, error) {
		fmt.Fprint(os.Stderr, what)
		line, err := term.ReadPassword(fd)
		fmt.Fprintln(os.Stderr)
		return string(line), err
	}
	first, err := ask("Passphrase: ")
	if err != nil {
		return "", fmt.Errorf("passphrase: %w", err)
	}
	if fresh {
		again, err := ask("Again: ")
		if err != nil {
			return "", fmt.Errorf("passphrase: %w", err)
		}
		if first != again {
			return "", errors.New("the passphrases differ")
		}
	}
	return checkPassphrase(first)
}

func checkPassphrase(s string) (string, error) {
	if s == "" {
		return "", errors.New("the passphrase is empty")
	}
	return s, nil
}

// signFile returns the signature file, in the form that package signature reads.
func signFile(key minisign.PrivateKey, data []byte, st signature.Statement) ([]byte, error) {
	line, err := st.Comment()
	if err != nil {
		return nil, err
	}
	r := minisign.NewReader(bytes.NewReader(data))
	if _, err := io.Copy(io.Discard, r); err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	return r.SignWithComments(key, line, signature.Untrusted), nil
}

// publicText is the .pub file of a secret key.
func publicText(key minisign.PrivateKey) ([]byte, error) {
	public, ok := key.Public().(minisign.PublicKey)
	if !ok {
		return nil, errors.New("sign: the key has no public half")
	}
	return public.MarshalText()
}
