package kiosk

import (
	"time"

	"anomnet/core/policy"
)

// lock is the dialog that asks for the PIN.
type lock struct {
	open     bool
	typed    string
	busy     bool
	wrong    bool
	unlocked bool // the menu is open, or the kiosk is being left
	told     int  // seconds that no PIN is taken, when that was said
}

// Locked tells whether only the PIN leads out of the kiosk.
func (k *Kiosk) Locked() bool {
	return k.shown && !k.lock.unlocked && (k.Refused != nil || k.Page.Policy != nil && k.Page.Policy.PIN != nil)
}

func (k *Kiosk) now() time.Time { return time.UnixMilli(k.back.Wall().Milli) }

// Wait is how many seconds no PIN is taken.
func (k *Kiosk) Wait() int {
	return int((k.State.Lockout.Wait(k.now()) + time.Second - 1) / time.Second)
}

// OpenMenu opens the menu, after the PIN where there is one.
func (k *Kiosk) OpenMenu() {
	if !k.Locked() {
		k.Menu = true
		return
	}
	k.lock = lock{open: true, told: k.Wait()}
}

// CloseLock gives up.
func (k *Kiosk) CloseLock() { k.lock.open, k.lock.typed = false, "" }

// TypePIN takes the PIN as it is typed.
func (k *Kiosk) TypePIN(s string) { k.lock.typed, k.lock.wrong = s, false }

// TryPIN checks what was typed. The try is kept as a failure before it is checked, so that neither a reload nor the end of the power gives
// another one.
func (k *Kiosk) TryPIN() {
	l := &k.lock
	p := k.Page.Policy
	if l.busy || l.typed == "" || p == nil || p.PIN == nil || k.Wait() > 0 {
		return
	}
	typed := l.typed
	l.busy, l.typed = true, ""
	k.State.Lockout = k.State.Lockout.Tried(k.now())
	l.told = k.Wait()
	k.back.Keep(k.State, func(error) {
		k.back.CheckPIN(p.PIN, typed, func(ok bool, err error) {
			l.busy = false
			if l.wrong = !ok || err != nil; l.wrong {
				return
			}
			k.State.Lockout = policy.Lockout{}
			k.keep()
			if !l.open { // closed meanwhile
				return
			}
			l.open, l.unlocked = false, true
			k.Menu = true
		})
	})
}

// CloseMenu closes the menu; the PIN is asked for again.
func (k *Kiosk) CloseMenu() {
	k.Menu, k.export.said = false, ""
	k.lock.unlocked = false
	k.Page.FocusView = true
}

// Leave goes back to the other views.
func (k *Kiosk) Leave() {
	if k.Locked() {
		return
	}
	k.lock.unlocked = true
	k.Menu, k.export.said = false, ""
	k.Page.Show("inspect")
	k.lock.unlocked = false
}
