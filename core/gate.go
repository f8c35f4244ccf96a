package core

import (
	"fmt"
	"strings"
	"time"
)

// Verdict is the send gate's answer.
type Verdict string

const (
	VerdictSend      Verdict = "send"
	VerdictSendHuman Verdict = "send-human" // send, tagged as a person's reply in the extended window
	VerdictTemplate  Verdict = "template"   // not as it is: only an approved template may go
	VerdictPark      Verdict = "park"       // keep it until the channel is mended
	VerdictRefuse    Verdict = "refuse"
)

// Decision is what the gate decided and why. Reason and Remedy are sentences for people, empty when it may be sent.
type Decision struct {
	Verdict Verdict
	Code    Code
	Reason  string
	Remedy  string
	Until   time.Time // until when free-form text may be sent; zero if it may not, or if there is no limit
}

// Allowed reports whether it may be sent now.
func (d Decision) Allowed() bool { return d.Verdict == VerdictSend || d.Verdict == VerdictSendHuman }

// Problem returns the decision as an error for people; nil when it is allowed or merely parked.
func (d Decision) Problem() error {
	if d.Allowed() || d.Verdict == VerdictPark {
		return nil
	}
	return &Problem{Code: d.Code, Detail: d.Reason, Remedy: d.Remedy}
}

// Question is everything the gate looks at.
type Question struct {
	Title        string // of the channel's kind, for the sentences: "WhatsApp"
	State        ChannelState
	Capabilities Capabilities // with the admin's own window already applied
	Conversation ConversationState
	Contact      Contact
	Silence      Silence // what the contact does not want at this address
	Window       WindowState
	Author       Author
	Content      Content
	Template     *Template // the stored definition, when Content is a template; nil: unknown to us
	First        bool      // the contact has never written on this channel
	Shared       bool      // the number is also a phone's: the channel is one of two sides of it
	Phone        bool      // the channel is the side of the phone
	Converts     bool      // the file that Content carries is converted before it is sent, if the channel does not take it as it is
}

// Decide is the one send gate: every outgoing message, from any author, passes it when composed, when queued and right before the bridge
// is called. It is a pure function of the question and the time.
func Decide(q Question, now time.Time) Decision {
	for _, rule := range []func(Question) (Decision, bool){refuseClosed, refuseOptOut, refuseBroadcast, refuseUnfit, refuseTemplate} {
		if d, refused := rule(q); refused {
			return d
		}
	}
	d := decideWindow(q, now)
	if d.Allowed() && q.State != ChannelActive {
		return Decision{Verdict: VerdictPark, Code: CodeChannelDown, Until: d.Until,
			Reason: fmt.Sprintf("The %s channel cannot send now; the message waits.", q.Title),
			Remedy: "An admin must mend the channel; it is then sent in order, if the rules still allow it."}
	}
	return d
}

func refuseClosed(q Question) (Decision, bool) {
	return Decision{Verdict: VerdictRefuse, Code: CodeClosed, Reason: "This conversation is closed.",
		Remedy: "Reopen it first."}, q.Conversation == ConversationClosed
}

func refuseOptOut(q Question) (Decision, bool) {
	switch {
	case q.Contact.Blocked:
		return Decision{Verdict: VerdictRefuse, Code: CodeOptedOut, Reason: "This contact is blocked.", Remedy: "Unblock the contact first."}, true
	case q.Contact.OptedOut:
		return Decision{Verdict: VerdictRefuse, Code: CodeOptedOut, Reason: "This contact wants no messages on any channel.",
			Remedy: "Wait until they ask for messages again."}, true
	case q.Silence.All && q.Author.Kind != AuthorSystem: // the confirmation of that wish is the last thing they get
		return Decision{Verdict: VerdictRefuse, Code: CodeOptedOut, Reason: fmt.Sprintf("This contact asked to get no messages on this %s channel.", q.Title),
			Remedy: "Wait until they ask for messages again, or use another channel."}, true
	case (q.Contact.MarketingStop || q.Silence.Marketing) && q.Template != nil && q.Template.Marketing():
		return Decision{Verdict: VerdictRefuse, Code: CodeOptedOut, Reason: "This contact stopped marketing messages.",
			Remedy: "Use a utility template, or wait until they resume."}, true
	}
	return Decision{}, false
}

func refuseBroadcast(q Question) (Decision, bool) {
	return Decision{Verdict: VerdictRefuse, Code: CodeUnsupported, Reason: "A linked device sends no broadcasts: for them numbers are banned.",
		Remedy: "Send it over a Cloud API channel."}, q.Phone && q.Author == Broadcaster()
}

func refuseUnfit(q Question) (Decision, bool) {
	why := q.Capabilities.Refuses(q.Content)
	if why == "" {
		return Decision{}, false
	}
	d := Decision{Verdict: VerdictRefuse, Code: CodeUnsupported, Reason: why, Remedy: "Send it as text or as a link."}
	if change, ok := q.Capabilities.Conversion(q.Content); ok {
		d.Remedy = refusedFile(change)
		return d, !q.Converts
	}
	return d, true
}

func refuseTemplate(q Question) (Decision, bool) {
	if q.Content.Kind != KindTemplate {
		return Decision{}, false
	}
	if err := q.Template.Sendable(q.Content.Template); err != nil {
		return Decision{Verdict: VerdictRefuse, Code: CodeTemplate, Reason: err.Detail, Remedy: err.Remedy}, true
	}
	return Decision{}, false
}

func decideWindow(q Question, now time.Time) Decision {
	w := q.Capabilities.Window
	if q.Content.Kind == KindTemplate {
		return Decision{Verdict: VerdictSend}
	}
	if q.First && !q.Capabilities.MayInitiate && (w.After == AfterNothing || w.Free > 0 && w.After == AfterAnything) {
		d := Decision{Verdict: VerdictRefuse, Code: CodeWindowClosed,
			Reason: fmt.Sprintf("On %s a business may only answer, and this contact has not written yet.", q.Title),
			Remedy: "Wait for their first message, or use another channel."}
		switch {
		case q.Shared && q.Phone:
			d.Remedy = "Write the first message from the phone itself, or send an approved template by the number's other channel."
		case q.Phone:
			d.Remedy = "Write the first message from the phone itself, or wait for theirs."
		}
		return d
	}
	if w.Free == 0 {
		return Decision{Verdict: VerdictSend}
	}
	if closes := w.ClosesAt(q.Window); now.Before(closes) {
		return Decision{Verdict: VerdictSend, Until: closes}
	}
	if human := w.HumanUntil(q.Window); w.Human > 0 && q.Author.Human() && now.Before(human) {
		return Decision{Verdict: VerdictSendHuman, Until: human}
	}
	return closedWindow(q, now)
}

func closedWindow(q Question, now time.Time) Decision {
	d := Decision{Code: CodeWindowClosed, Reason: windowSentence(q, now)}
	switch q.Capabilities.Window.After {
	case AfterAnything:
		return Decision{Verdict: VerdictSend}
	case AfterTemplates:
		d.Verdict, d.Remedy = VerdictTemplate, "Send an approved template instead, or wait until the customer writes again."
	default:
		d.Verdict, d.Remedy = VerdictRefuse, "Wait until the customer writes again, or use another channel."
	}
	switch {
	case q.Shared && q.Phone:
		d.Remedy = "Send an approved template by the number's other channel, or answer from the phone itself. An admin may let the linked device answer later, at the risk of a ban."
	case q.Phone:
		d.Remedy = "Wait until the customer writes again, or answer from the phone itself."
	case q.Shared:
		d.Remedy = "Send an approved template instead, answer from the phone itself, or wait until the customer writes again."
	}
	return d
}

func windowSentence(q Question, now time.Time) string {
	free := Span(q.Capabilities.Window.Free)
	switch {
	case q.Window.Last.IsZero():
		return fmt.Sprintf("The customer has not written yet, and %s allows free replies only for %s after they do.", q.Title, free)
	case !q.Window.Closed.IsZero() && !q.Window.Closed.Before(q.Window.Last):
		return fmt.Sprintf("%s itself says that the time for free replies is over.", q.Title)
	}
	return fmt.Sprintf("The customer last wrote %s ago and %s allows free replies for %s.", Span(now.Sub(q.Window.Last)), q.Title, free)
}

// ParseSpan reads a span of time as people write it: 3d, and whatever time.ParseDuration does.
func ParseSpan(s string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		d, err := time.ParseDuration(days + "h")
		return d * 24, err
	}
	return time.ParseDuration(s)
}

// Span writes a duration for people, to whole units: "26 h", "40 min", "3 days".
func Span(d time.Duration) string {
	switch {
	case d >= 72*time.Hour:
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	case d >= time.Hour:
		return fmt.Sprintf("%d h", d/time.Hour)
	case d >= time.Minute:
		return fmt.Sprintf("%d min", d/time.Minute)
	}
	return fmt.Sprintf("%d s", max(0, d/time.Second))
}
