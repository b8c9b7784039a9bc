// Package house holds the tests that keep the house rules: who may import whom, one doc comment per package, the folders at
// the top, the size of files and functions, documented exported names, and the worked example of docs/model-format.md. It
// has no code of its own.
package house
