// Package privacy is the view "What leaves this device?": what was counted since the page was ready, why images stay here, and what the page cannot
// promise. It also shows which build this is and takes a new one. It knows nothing of the browser.
package privacy

//go:generate go run anomnet/cmd/internal/vugugen .
