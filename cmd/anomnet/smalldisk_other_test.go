//go:build !linux

package main

import "testing"

func smallDisk(t *testing.T, _ int) string {
	t.Skip("needs tmpfs")
	return ""
}
