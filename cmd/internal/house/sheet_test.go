package house

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestStyleSheetSaysThingsOnce: two rules of app.css that give one property to the same selector are two views that took the same class, and each looks
// as the other wants.
func TestStyleSheetSaysThingsOnce(t *testing.T) {
	comment, rule := regexp.MustCompile(`(?s)/\*.*?\*/`), regexp.MustCompile(`(?m)^([^\s@}][^{}]*)\{([^{}]*)\}`) // what stands in a block is indented
	said, n := map[string]string{}, 0
	for _, m := range rule.FindAllStringSubmatch(comment.ReplaceAllString(read(t, "assets/css/app.css"), ""), -1) {
		for selector := range strings.SplitSeq(m[1], ",") {
			for declaration := range strings.SplitSeq(m[2], ";") {
				property, value, ok := strings.Cut(declaration, ":")
				if !ok {
					continue
				}
				n++
				key := strings.TrimSpace(selector) + " { " + strings.TrimSpace(property) + " }"
				before, twice := said[key]
				assert.False(t, twice, "%s is said twice: %s and %s", key, before, value)
				said[key] = value
			}
		}
	}
	assert.Greater(t, n, 1000)
}
