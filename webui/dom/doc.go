// Package dom renders Vugu components into a browser page. It replaces vugu/domrender: no eval, no innerHTML, one delegated
// listener per event type, focus and blur may fire during a render or inside a handler, and a panic in a handler is
// reported instead of ending the program.
//
// It builds only for GOOS=js; the diff that it applies is in package vdom and is tested on every platform.
package dom
