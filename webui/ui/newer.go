package ui

// Newer is a new version of the page that is on this device and waits until a person takes it.
type Newer struct {
	There  bool
	Failed bool   // it was taken before and did not start
	Take   func() // loads the page again with it
	Idle   func() bool
}

// Wait tells that it cannot be taken now, since something runs that would be lost.
func (n Newer) Wait() bool { return n.Idle != nil && !n.Idle() }

// NewerText says what taking the new version means, or what it waits for.
func (p *Page) NewerText() string {
	switch {
	case p.Newer.Wait():
		return p.t("newer.wait")
	case p.Newer.Failed:
		return p.t("newer.failed")
	}
	return p.t("newer.tip")
}
