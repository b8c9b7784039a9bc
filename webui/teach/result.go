package teach

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"anomnet/core/calibrate"
	"anomnet/wasm/protocol"
	"anomnet/webui/store"
)

// stageFeatures is a fit that waits for features.
const stageFeatures = "features"

// Result is a fitted head and what is known about it.
type Result struct {
	protocol.FitResult
	Good, Bad []*Shot // in the order of the fit
	Calib     *calibrate.Calibration
	Req       protocol.FitRequest

	good, bad []store.Shot // as they were at the start of the fit
}

// MinImages is the fewest good images that teaching takes.
const MinImages = 5

// Ready tells whether there are enough good images, finished or on their way.
func (v *View) Ready() bool {
	n := 0
	for _, s := range v.live() {
		if !s.Bad && s.State != Failed {
			n++
		}
	}
	return n >= MinImages
}

// Teach learns a head, as soon as all features are there.
func (v *View) Teach() {
	if v.fit != nil || !v.Ready() {
		return
	}
	v.problem, v.saved, v.full = nil, nil, false
	v.fit = &running{stage: stageFeatures, start: v.back.Now(), refit: v.result != nil}
	v.settled()
}

func (v *View) startFit() {
	good, bad := v.pick(false), v.pick(true)
	if len(good) < MinImages {
		v.fit, v.problem = nil, &protocol.Error{Code: protocol.CodeTooFew}
		return
	}
	if len(good)+len(bad) > protocol.MaxTaught {
		v.fit, v.problem = nil, &protocol.Error{Code: protocol.CodeTooMany}
		return
	}
	if v.completed(good) {
		return
	}
	v.fit.stage = "reading"
	req := protocol.FitRequest{Part: v.part(), Backbone: v.backbone, Shape: v.Shape, Good: len(good), Rate: v.rate(), ROI: v.region.mask.String(), Upright: v.Upright}
	if v.parent != nil {
		now := v.parent.Current()
		req.Revision, req.Parent, req.Seed = now.Revision+1, now.Head, v.parent.Seed
	}
	v.result, v.stale = &Result{Good: good, Bad: bad, Req: req, good: kept(good), bad: kept(bad)}, false // what changes from here on is not in it
	v.lastFit++
	v.back.Fit(Fit{ID: v.lastFit, Draft: v.id, Req: req, Good: keys(good), Bad: keys(bad)})
}

// completed asks for the copies that images lack, which were given when there were more of them, and says whether there are any. Images of an earlier visit
// are not at hand: then all are learned with the copies that all have.
func (v *View) completed(good []*Shot) bool {
	for _, s := range good {
		if s.Src != nil && !s.Copies.Cover(v.copiesOf(s)) {
			v.compute(s)
		}
	}
	return v.Computing()
}

// part is the name of the part, also before a person gave one.
func (v *View) part() string {
	if s := strings.TrimSpace(v.Name); s != "" {
		return s
	}
	return v.Page.Text.T("teach.unnamed")
}

func keys(shots []*Shot) []string {
	out := make([]string, len(shots))
	for i, s := range shots {
		out[i] = s.Key
	}
	return out
}

func kept(shots []*Shot) []store.Shot {
	out := make([]store.Shot, len(shots))
	for i, s := range shots {
		out[i] = s.Shot
	}
	return out
}

// Reported tells how far the fit is.
func (v *View) Reported(id int, p protocol.Progress) {
	if v.fit != nil && id == v.lastFit {
		v.fit.stage, v.fit.done, v.fit.total = p.Stage, p.Done, p.Total
	}
}

// StopFit cancels the fit.
func (v *View) StopFit() {
	if v.fit == nil {
		return
	}
	if v.fit.stage == stageFeatures {
		v.StopComputing()
		v.fit = nil
		return
	}
	v.back.StopFit()
}

// Fitted is the end of a fit. It returns whether the head is to be kept at hand.
func (v *View) Fitted(id int, r protocol.FitResult) bool {
	if id != v.lastFit || v.fit == nil || v.result == nil {
		return false
	}
	cal, err := calibrate.New(r.Scores, nil, r.Model.Rate)
	if err != nil {
		v.NotFitted(id, protocol.Error{Code: protocol.CodeInternal, Message: err.Error()})
		return false
	}
	v.fit = nil
	v.result.FitResult, v.result.Calib = r, cal
	v.Page.Live = v.Page.Text.T("teach.live.done", "part", v.part())
	return true
}

// NotFitted is the other end.
func (v *View) NotFitted(id int, e protocol.Error) {
	if id != v.lastFit {
		return
	}
	fit := v.fit
	v.fit, v.result, v.stale = nil, nil, false
	switch {
	case v.outdated(e):
		v.renew(e)
	case e.Code == protocol.CodeStale && fit != nil && !fit.anew: // all images are at hand
		v.renew(e)
		v.problem, v.fit = nil, &running{stage: stageFeatures, start: fit.start, refit: fit.refit, anew: true}
		v.settled()
	case e.Code != protocol.CodeCancelled:
		v.problem = &e
	}
}

// Rates are the false-reject targets that a person can choose.
func Rates() []float64 {
	return []float64{0.001, 0.002, 0.003, 0.005, 0.007, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05}
}

// defaultRate is the place of 1 %.
const defaultRate = 5

func (v *View) rate() float64 { return Rates()[v.Rate] }

func (v *View) setRate(rate float64) {
	best := defaultRate
	for i, r := range Rates() {
		if math.Abs(r-rate) < math.Abs(Rates()[best]-rate) {
			best = i
		}
	}
	v.Rate = best
}

// SetRate takes a place in Rates.
func (v *View) SetRate(i int) {
	v.Rate = min(max(i, 0), len(Rates())-1)
	if r := v.result; r != nil && r.Calib != nil {
		r.Calib = r.Calib.WithRate(v.rate())
	}
	v.unsaved()
	v.keep()
}

// Done tells whether there is a result.
func (v *View) Done() bool { return v.fit == nil && v.result != nil && v.result.Calib != nil }

// Odd is a good image with its held-out score.
type Odd struct {
	*Shot
	Ratio  float64
	Unlike bool // it looks unlike the others
}

// Odd lists the images that look least normal, by their held-out scores or, like one of another part, by how far they lie from the others: first those
// that look unlike the others, then by the score that stands with them.
func (r *Result) Odd() []Odd {
	var out []Odd
	for _, n := range r.Look {
		if i := slices.Index(r.Images, n); i >= 0 && n < len(r.Good) {
			out = append(out, Odd{r.Good[n], r.Calib.Ratio(r.Scores[i]), slices.Contains(r.FitResult.Odd, n)})
		}
	}
	slices.SortStableFunc(out, func(a, b Odd) int {
		switch {
		case a.Unlike && b.Unlike:
			return 0
		case a.Unlike:
			return -1
		case b.Unlike:
			return 1
		}
		return cmp.Compare(b.Ratio, a.Ratio)
	})
	return out
}

// Confusion counts verdicts OK, REVIEW, NG of the held-out good images and of the bad ones.
func (r *Result) Confusion() (good, bad [3]int) {
	count := func(scores []float32) (n [3]int) {
		for _, s := range scores {
			n[slices.Index([]calibrate.Verdict{calibrate.OK, calibrate.Review, calibrate.NG}, r.Calib.Verdict(s))]++
		}
		return n
	}
	return count(r.Scores), count(r.Checks)
}

// Needed is how many held-out images a rate needs to be promised.
func Needed(rate float64) int { return int(math.Ceil(1/rate-1e-9)) - 1 }

// Save keeps the head on the device.
func (v *View) Save() {
	if !v.Done() || v.saving {
		return
	}
	v.saving, v.changed, v.full, v.problem = true, false, false, nil
	s := Save{Draft: v.id, Name: v.part(), Rate: v.rate(), Result: v.result, Good: v.result.good, Bad: v.result.bad}
	for _, shot := range v.shots {
		if shot.Key != "" && !slices.Contains(v.result.Bad, shot) {
			s.Unbad = append(s.Unbad, shot.Key)
		}
	}
	v.back.Save(s)
}

// Saved is the end of Save. What is taught from now on is a further version.
func (v *View) Saved(p *store.Part) {
	if p.ID != v.id { // other teaching has begun meanwhile
		return
	}
	if v.saving, v.drafted, v.parent = false, false, p; v.changed { // saving has ended the draft
		v.keep()
	} else {
		v.saved = p
	}
	v.Page.Live = v.Page.Text.T("teach.saved", "part", p.Name, "n", itoa(p.Use))
}

// NotSaved is the other end, of what was taught as a draft; full tells that the device has no room.
func (v *View) NotSaved(draft string, full bool, e protocol.Error) {
	if draft != v.id { // other teaching has begun meanwhile
		v.Page.Warn(v.Page.What(e), v.Page.Do(e), e.Message)
		return
	}
	v.saving, v.full = false, full
	if !full {
		v.problem = &e
	}
}

// NotDownloaded tells why Download gave no file.
func (v *View) NotDownloaded(e protocol.Error) { v.problem = &e }

// Changed follows what is done to parts in Models, or in another tab: one that is deleted is not taught further.
func (v *View) Changed() {
	if v.parent != nil && v.back.Part(v.parent.ID) == nil {
		v.parent, v.saved = nil, nil
	}
}

// Inspect goes on with the part, in the version that is in use now.
func (v *View) Inspect() {
	if v.saved == nil {
		return
	}
	if p := v.back.Part(v.saved.ID); p != nil {
		v.Page.UseHead(p.Current().Head)
	}
	v.Page.Show("inspect")
}
