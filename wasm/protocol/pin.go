package protocol

// PINRequest asks whether a PIN, the only buffer, is the one of a hash, in the form of core/policy. A worker computes it, since it is slow by design.
type PINRequest struct {
	Rounds int    `json:"rounds"`
	Salt   string `json:"salt"`
	Hash   string `json:"hash"`
}

// PINResult is the answer.
type PINResult struct {
	OK bool `json:"ok"`
}
