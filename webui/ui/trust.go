package ui

import (
	"strconv"
	"strings"

	"anomnet/wasm/protocol"
)

// States of a part beside those of package protocol: it came with the page, whose server could change the page as well; or it was made here.
const (
	TrustSite = "site"
	TrustHere = "here"
)

// Vouch tells who signed the head of a part.
func (p *Page) Vouch(head string, t protocol.Trust) {
	if p.trusted == nil {
		p.trusted = map[string]protocol.Trust{}
	}
	p.trusted[head] = t
}

// TrustOf is who vouches for a head, as far as it is known, with the keys that are pinned now.
func (p *Page) TrustOf(head string) protocol.Trust {
	t, ok := p.trusted[head]
	switch {
	case !ok && len(p.parts) > 0 && p.parts[0].part.HeadDigest == head:
		return protocol.Trust{State: TrustSite}
	case !ok:
		return protocol.Trust{State: protocol.TrustUnsigned}
	case p.Today != nil:
		return p.Today(t)
	}
	return t
}

// Doubted lists the loaded parts whose signer is not known: their heads, with the files that they came from.
func (p *Page) Doubted() map[string][]Source {
	out := map[string][]Source{}
	for _, s := range p.parts {
		if t, ok := p.trusted[s.part.HeadDigest]; ok && Unknown(t) {
			out[s.part.HeadDigest] = s.models
		}
	}
	return out
}

// Unknown tells whether a file is signed by a key that is not pinned.
func Unknown(t protocol.Trust) bool {
	return t.State == protocol.TrustRefused && t.Reason == protocol.WhyUnknownKey
}

// TrustChip is a few words, "" where there is nothing to say: for parts of the page and those made here.
func (p *Page) TrustChip(t protocol.Trust) string {
	switch {
	case t.State == protocol.TrustSigned && t.Warning == protocol.WhyExpired:
		return p.t("trust.chip.expired", "label", t.Label)
	case t.State == protocol.TrustSigned && t.Warning == protocol.WhyClock:
		return p.t("trust.chip.clock", "label", t.Label)
	case t.State == protocol.TrustSigned:
		return p.t("trust.chip.signed", "label", t.Label)
	case Unknown(t):
		return p.t("trust.chip.unknown")
	case t.State == protocol.TrustUnsigned:
		return p.t("trust.chip.unsigned")
	}
	return ""
}

// TrustMood is the look of the chip: good, warning or plain.
func TrustMood(t protocol.Trust) string {
	switch {
	case t.State == protocol.TrustSigned && t.Warning == "":
		return "good"
	case t.State == protocol.TrustSigned || t.State == protocol.TrustRefused:
		return "warn"
	}
	return "plain"
}

// TrustLine says all that is known.
func (p *Page) TrustLine(t protocol.Trust) string {
	switch {
	case t.State == protocol.TrustSigned:
		s := p.t("trust.line.signed", "label", t.Label, "origin", p.KeyOrigin(t.Origin), "id", t.KeyID, "counter", strconv.FormatUint(t.Counter, 10), "date", t.Date)
		if w := p.TrustWarning(t); w != "" {
			s += " " + w
		}
		return s
	case Unknown(t):
		return p.t("trust.line.unknown", "id", t.KeyID)
	case t.State == protocol.TrustRefused:
		return p.TrustWhy(t.Reason)
	case t.State == TrustSite:
		return p.t("trust.line.site")
	case t.State == TrustHere:
		return p.t("trust.line.here")
	}
	return p.t("trust.line.unsigned")
}

// TrustWarning says what is odd about the date of a good signature, "" for nothing.
func (p *Page) TrustWarning(t protocol.Trust) string {
	switch {
	case t.Warning == protocol.WhyExpired:
		return p.t("trust.expired", "date", t.Expires)
	case t.Warning == protocol.WhyClock:
		return p.t("trust.clock", "date", t.Date)
	case t.ExpiresSoon:
		return p.t("trust.soon", "date", t.Expires)
	}
	return ""
}

// Vouch is what a person should know of the signature of the part that was loaded, "" for nothing.
func (c *Bar) Vouch() string {
	t := c.Page.TrustOf(c.Page.Part.HeadDigest)
	if !c.Is(NoticeLoaded) || !Unknown(t) && c.Page.TrustWarning(t) == "" {
		return ""
	}
	return c.Page.TrustLine(t)
}

// KeyOrigin says who chose to trust a key.
func (p *Page) KeyOrigin(origin string) string {
	switch origin {
	case "built-in":
		return p.t("trust.origin.built")
	case "policy":
		return p.t("trust.origin.policy")
	}
	return p.t("trust.origin.user")
}

// TrustWhy says why a file was refused, and what to do.
func (p *Page) TrustWhy(reason string) string {
	for _, r := range protocol.TrustReasons() {
		if r == reason {
			return p.t("trust.why." + reason)
		}
	}
	return p.t("trust.why.wrong")
}

// TrustToken is the state for records, the same in every language.
func TrustToken(t protocol.Trust) string {
	if Unknown(t) {
		return "unknown_key key=" + t.KeyID
	}
	if t.State != protocol.TrustSigned {
		return t.State
	}
	s := []string{"signed", "key=" + t.KeyID, "counter=" + strconv.FormatUint(t.Counter, 10)}
	if t.Warning != "" {
		s = append(s, "warning="+t.Warning)
	}
	return strings.Join(append(s, "label="+t.Label), " ")
}

// TrustSaid is what a token of TrustToken says, in a person's language; one that is not known is returned as it is.
func (p *Page) TrustSaid(token string) string {
	state, rest, _ := strings.Cut(token, " ")
	switch state {
	case TrustSite, TrustHere, protocol.TrustUnsigned:
		return p.TrustLine(protocol.Trust{State: state})
	case protocol.WhyUnknownKey:
		return p.TrustLine(protocol.Trust{State: protocol.TrustRefused, Reason: state, KeyID: strings.TrimPrefix(rest, "key=")})
	case protocol.TrustSigned:
		facts, label, _ := strings.Cut(rest, " label=")
		facts, warning, _ := strings.Cut(facts, " warning=")
		return p.TrustChip(protocol.Trust{State: state, Label: label, Warning: warning}) + " (" + facts + ")"
	}
	return token
}
