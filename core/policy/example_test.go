package policy_test

import (
	"fmt"

	"anomnet/core/policy"
)

// A person writes a policy as they like; a station takes the one form of bytes that Encode makes of it.
func Example() {
	p, err := policy.Read([]byte(`{"version": 1, "parts": [{"name": "Washer", "head_sha256": ""}], "operator": true, "triggers": {"keys": ["F9"]}}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	data, err := p.Encode()
	if err != nil {
		fmt.Println(err)
		return
	}
	q, err := policy.Decode(data)
	fmt.Println(err, q.Allows("Washer", ""), q.Allows("Bracket", ""), q.Starts("F9"), q.Starts(" "), q.Operator)

	_, err = policy.Read([]byte(`{"version": 1, "sounds": true}`))
	fmt.Println(err)
	// Output:
	// <nil> true false true false true
	// policy: not a policy file: offset 25: unknown key "sounds"
}
