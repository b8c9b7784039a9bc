package engine

import "fmt"

// Tier is a kernel implementation. All tiers give the same bits.
type Tier string

const (
	// TierRef is plain loops: the definition, for tests.
	TierRef Tier = "ref"
	// TierGeneric is blocked, portable Go.
	TierGeneric Tier = "generic"
)

// Tiers lists the tiers of this build, slowest first. Tests and benchmarks walk it.
func Tiers() []Tier { return []Tier{TierRef, TierGeneric} }

// ParseTier returns the tier of a name; the empty name is the fastest.
func ParseTier(name string) (Tier, error) {
	tiers := Tiers()
	if name == "" {
		return tiers[len(tiers)-1], nil
	}
	for _, t := range tiers {
		if string(t) == name {
			return t, nil
		}
	}
	return "", fmt.Errorf("engine: no tier %q, want one of %v", name, tiers)
}
