package core

import (
	"fmt"
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
// is called. It is a pure function of the question and the time. The first rule that objects decides; the reply window comes last.
func Decide(q Question, now time.Time) Decision {
	for _, rule := range []func(Question) Decision{refuseRemoved, refuseClosed, refuseOptOut, refuseBroadcast, refuseUnfit, refuseTemplate} {
		if d := rule(q); d.Verdict != "" {
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

func refuse(code Code, reason, remedy string) Decision {
	return Decision{Verdict: VerdictRefuse, Code: code, Reason: reason, Remedy: remedy}
}

// The rules return the zero Decision where they have nothing to object to.

func refuseRemoved(q Question) Decision {
	if q.State == ChannelRemoved {
		p := RemovedChannel()
		return refuse(p.Code, p.Detail, p.Remedy)
	}
	return Decision{}
}

func refuseClosed(q Question) Decision {
	if q.Conversation == ConversationClosed {
		return refuse(CodeClosed, "This conversation is closed.", "Reopen it first.")
	}
	return Decision{}
}

func refuseOptOut(q Question) Decision {
	switch {
	case q.Contact.Blocked:
		return refuse(CodeOptedOut, "This contact is blocked.", "Unblock the contact first.")
	case q.Contact.OptedOut:
		return refuse(CodeOptedOut, "This contact wants no messages on any channel.", "Wait until they ask for messages again.")
	case q.Silence.Blocked:
		return refuse(CodeOptedOut, fmt.Sprintf("This contact has blocked you on %s.", q.Title), "Use another channel, or wait until they write again.")
	case q.Silence.All && q.Author.Kind != AuthorSystem: // the confirmation of that wish is the last thing they get
		return refuse(CodeOptedOut, fmt.Sprintf("This contact asked to get no messages on this %s channel.", q.Title),
			"Wait until they ask for messages again, or use another channel.")
	case (q.Contact.MarketingStop || q.Silence.Marketing) && q.Template != nil && q.Template.Marketing():
		return refuse(CodeOptedOut, "This contact stopped marketing messages.", "Use a utility template, or wait until they resume.")
	}
	return Decision{}
}

func refuseBroadcast(q Question) Decision {
	if q.Phone && q.Author == Broadcaster() {
		return refuse(CodeUnsupported, "A linked device sends no broadcasts: for them numbers are banned.", "Send it over a Cloud API channel.")
	}
	return Decision{}
}

func refuseUnfit(q Question) Decision {
	why := q.Capabilities.Refuses(q.Content)
	if why == "" {
		return Decision{}
	}
	change, convertible := q.Capabilities.Conversion(q.Content)
	switch {
	case !convertible:
		return refuse(CodeUnsupported, why, "Send it as text or as a link.")
	case q.Converts:
		return Decision{}
	}
	return refuse(CodeUnsupported, why, refusedFile(change))
}

func refuseTemplate(q Question) Decision {
	if q.Content.Kind != KindTemplate {
		return Decision{}
	}
	if err := q.Template.Sendable(q.Content.Template); err != nil {
		return refuse(CodeTemplate, err.Detail, err.Remedy)
	}
	return Decision{}
}

func decideWindow(q Question, now time.Time) Decision {
	w := q.Capabilities.Window
	switch {
	case q.Content.Kind == KindTemplate:
		return Decision{Verdict: VerdictSend}
	case q.uninvited():
		return refuseFirst(q)
	case w.Free == 0:
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

// uninvited reports whether it would be the first message on a channel where a business may only answer. Where templates may begin, closedWindow says so.
func (q Question) uninvited() bool {
	w := q.Capabilities.Window
	answersOnly := w.After == AfterNothing || w.After == AfterAnything && w.Free > 0
	return q.First && !q.Capabilities.MayInitiate && answersOnly
}

func refuseFirst(q Question) Decision {
	remedy := "Wait for their first message, or use another channel."
	switch {
	case q.Shared && q.Phone:
		remedy = "Write the first message from the phone itself, or send an approved template by the number's other channel."
	case q.Phone:
		remedy = "Write the first message from the phone itself, or wait for theirs."
	}
	return refuse(CodeWindowClosed, fmt.Sprintf("On %s a business may only answer, and this contact has not written yet.", q.Title), remedy)
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
