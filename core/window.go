package core

import "time"

// Window is a channel's reply window. Within Free of the customer's last act anything may be sent; until Human after it, what a person
// wrote (tagged as such); later what After says. Free zero means there is no window. Human zero means there is no extension.
type Window struct {
	Free  time.Duration
	Human time.Duration
	After After
}

// After tells what a closed window still allows.
type After string

const (
	AfterAnything  After = "anything"
	AfterTemplates After = "templates" // approved templates only
	AfterNothing   After = "nothing"
)

// WindowState is what is known of one contact's window on one channel.
type WindowState struct {
	Last   time.Time // the customer's last act by the provider's clock; zero: never
	Closed time.Time // when the provider itself said that it is closed; zero: it did not. Overrules Last when not before it
}

// ClosesAt returns the first instant at which free-form text is no longer allowed. It is the zero time when the window never opened or
// the provider has declared it closed. It has no meaning for a Window without Free.
func (w Window) ClosesAt(s WindowState) time.Time { return w.until(w.Free, s) }

// HumanUntil is ClosesAt for what a person wrote.
func (w Window) HumanUntil(s WindowState) time.Time {
	return w.until(max(w.Free, w.Human), s)
}

func (w Window) until(d time.Duration, s WindowState) time.Time {
	if s.Last.IsZero() || (!s.Closed.IsZero() && !s.Closed.Before(s.Last)) {
		return time.Time{}
	}
	return s.Last.Add(d)
}

// Tighten returns the window with an admin's own limit for Free: an admin may shorten it, or lengthen it only up to what the platform
// allows, which is what w says. Zero leaves it as it is.
func (w Window) Tighten(free time.Duration) Window {
	if free > 0 && free < w.Free {
		w.Free = free
	}
	return w
}
