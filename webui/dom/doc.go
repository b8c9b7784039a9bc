// Package dom renders Vugu components into a browser page. It replaces vugu/domrender: no eval, no innerHTML, one delegated
// listener per event type, focus and blur may fire during a render or inside a handler, and a panic in a handler is
// reported instead of ending the program.
//
// Events only ask for a render; all of a frame make one. What is around a vdom.Keep is built and compared only when its stamp
// changes. Elements with the same data-key among their siblings stay the same elements: they move with focus, selection,
// scroll position and canvas. A field with .value or .checked always shows the state after a render, and the caret does not
// move while both are equal.
//
// It builds only for GOOS=js; the diff that it applies is in package vdom and is tested on every platform. cmd/e2e compares it with
// fresh renders in Chromium.
//
// # Limits
//
//   - An element that goes to another parent is made anew. Siblings without data-key match by tag, in order.
//   - Only attributes and properties that a component writes are kept equal to the state. What the browser or a person adds, such as
//     open of <details>, stays.
//   - Where a browser has no moveBefore, the focus is given back to an element that moved: blur and focus fire, and frames in it reload.
//   - vg-js-create runs once per element, before it has children; vg-js-populate after every render that built the element, when it is in
//     the document.
//   - Handlers run for the capturing phase of one listener at the mount point, innermost element first. StopPropagation stops handlers
//     further out, and listeners of others between the mount point and the target.
//   - A field that people type in must take every change (@input) as it is typed, and trim it elsewhere: a render may come between two keys,
//     and writes the state back into the field.
//   - Not supported: <html> as root, components without exactly one root element, <style> and style attributes (the security policy
//     forbids them), raw HTML other than what vdom.ParseStatic takes, Vugu's Rendered callback.
package dom
