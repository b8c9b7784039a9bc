// Package inspect is the whole path from the bytes of an image file to a verdict. The command line, the browser worker and
// the end-to-end tests all score through it, so there is no second inference path that could disagree.
package inspect
