package ui

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestSettingsOfTwoTabs changes each setting here, and each in another tab.
func TestSettingsOfTwoTabs(t *testing.T) {
	full := func(word string, n int, on bool) (s Settings) {
		v := reflect.ValueOf(&s).Elem()
		for i := range v.NumField() {
			switch f := v.Field(i); f.Kind() {
			case reflect.String:
				f.SetString(word)
			case reflect.Int:
				f.SetInt(int64(n))
			default:
				f.SetBool(on)
			}
		}
		return s
	}
	before, there := full("a", 1, false), full("b", 2, true)
	assert.Equal(t, there, before.Merge(before, there), "nothing was changed here")
	assert.Equal(t, there, there.Merge(before, before))
	now := before
	now.Theme = ThemeDark
	merged := now.Merge(before, there)
	there.Theme = ThemeDark
	assert.Equal(t, there, merged)
}
