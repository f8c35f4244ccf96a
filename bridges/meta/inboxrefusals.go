package meta

import (
	"cmp"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"causeway/core"
)

const (
	newToken   = "Put a new access token in the channel, made by a person who may write for the account, and resume it."
	support    = "Open Business support home at Meta, see what is held against the account, and ask for a review. Resume the channel then."
	developers = "Report it with the channel log's entry; nothing can be done in the mailbox."
	elsewhere  = "Reach the customer on another channel, or wait until they write."
	waitOrTag  = "Wait until the customer writes again. What a person writes may go out later where the app has Meta's feature Human Agent."
)

// refusals is what the platform's codes mean; {it} stands for its title. Sources: Meta's list of error codes of March and June 2026, and what peers learned about them.
var refusals = Refusals{
	// The reply window. It comes under the code of missing permissions.
	{Codes: []int{10}, Subs: []int{2018278, 2018065, 2534022}, Effect: core.EffectWindow, Reason: "The time for replies after the customer's last message is over.", Remedy: waitOrTag},
	// The account.
	{Codes: []int{10}, Subs: []int{1893063}, Effect: core.EffectPark, Reason: "Meta has restricted the account from sending for a time.", Remedy: support},
	{Codes: []int{368}, Effect: core.EffectPark, Reason: "Meta has blocked the account for violating its policy.", Remedy: support},
	{Codes: []int{200}, Subs: []int{2018028}, Effect: core.EffectPark, Reason: "The app may write only to people who work on it.",
		Remedy: "Have Meta review the app for its messaging permission and publish it, then resume the channel."},
	// The token and its permissions.
	{Codes: []int{0, 102, 190}, Effect: core.EffectPark, Reason: "The access token is no longer valid.", Remedy: newToken},
	{Codes: []int{3, 10, 200, 230}, Effect: core.EffectPark, Reason: "The access token or the app lacks a permission.", Remedy: newToken},
	{Codes: []int{100}, Subs: []int{33}, Effect: core.EffectPark, Reason: "Meta does not know the account's id, or the token may not use it.", Remedy: "Check the id, and make the token anew with access to that account."},
	// How much, how fast.
	{Codes: []int{4, 17, 32, 341, 613, 80001, 80002, 80006, 80007}, Effect: core.EffectSlow, Wait: 5 * time.Second, Reason: "More messages or calls than Meta allows in this time."},
	{Codes: []int{613}, Subs: []int{2018185, 1996}, Effect: core.EffectSlow, Wait: time.Hour, Reason: "Meta finds what this account sends bothersome and limits it.",
		Remedy: "Send less that nobody asked for; look at the account's quality at Meta."},
	{Codes: []int{100}, Subs: []int{2018109}, Effect: core.EffectFail, Reason: "The file is larger than what {it} takes.", Remedy: "Send it smaller, or as a link."},
	// Trouble that passes.
	{Codes: []int{1}, Subs: []int{1357046}, Effect: core.EffectFail, Unknown: true, Reason: "{it} had trouble answering; the message may or may not have been sent.", Remedy: "Look into the inbox before sending it again."},
	{Codes: []int{1, 2, 1200}, Effect: core.EffectRetry, Wait: 2 * time.Second, Reason: "{it} has trouble at the moment."},
	// The recipient.
	{Codes: []int{551}, Effect: core.EffectFail, Reason: "The customer cannot be reached: they blocked the account, closed theirs, or switched its messages off.", Remedy: elsewhere},
	{Codes: []int{10, 200}, Subs: []int{2018108, 1545041}, Effect: core.EffectFail, Reason: "The customer takes no messages from this account now.", Remedy: elsewhere},
	{Codes: []int{100}, Subs: []int{2018001, 2534014}, Effect: core.EffectFail, Reason: "Meta does not know this recipient, or they never wrote to this account.", Remedy: elsewhere},
	{Codes: []int{10, 100}, Subs: []int{2018300, 2534037}, Effect: core.EffectFail, Reason: "Another app has this conversation; only it may answer now.",
		Remedy: "Take the conversation back in Meta's inbox, or make this app the one that messages go to."},
	{Codes: []int{10900, 10903}, Effect: core.EffectFail, Reason: "This cannot be replied to, or was replied to already.", Remedy: elsewhere},
	// The message.
	{Codes: []int{36000, 36001, 36002, 36003, 36004}, Effect: core.EffectFail, Reason: "{it} does not take the picture: it is too large, too small, or damaged.", Remedy: "Send it in another size or format."},
	{Codes: []int{100}, Subs: []int{2018047, 2018074, 2018008, 2018294, 2018007}, Effect: core.EffectFail, Reason: "{it} could not take the file: its type is not allowed, it is damaged, or could not be fetched.",
		Remedy: "Send it in another format, or smaller."},
	{Codes: []int{100}, Subs: []int{1893061}, Effect: core.EffectFail, Reason: "Meta no longer takes messages with this tag.", Remedy: developers},
	{Codes: []int{100}, Effect: core.EffectFail, Reason: "{it} calls the message malformed.", Remedy: developers},
}

func lookup(code, sub int) (Refusal, bool) {
	r, known := refusals.Find(code, sub)
	if !known && code > 200 && code <= 299 {
		return refusals.Find(200, sub)
	}
	return r, known
}

// failed maps the error of a call. What broke before the request left was rejected; what broke later may have gone out. Human says that the
// message was tagged as a person's: then a lacking permission is that to tag, which only this message needs.
func (i *Inbox) failed(err error, human bool) *core.SendError {
	var g *Error
	var f *Failure
	var e *core.SendError
	switch {
	case errors.As(err, &g):
		e = refused(g, human)
	case errors.As(err, &f):
		e = f.SendError(i.Title, "Look into the inbox before sending it again.")
	default:
		e = core.AsSendError(err)
	}
	e.Reason, e.Remedy = strings.ReplaceAll(e.Reason, "{it}", i.Title), strings.ReplaceAll(e.Remedy, "{it}", i.Title)
	return e
}

func refused(g *Error, human bool) *core.SendError {
	e := &core.SendError{Outcome: core.Rejected, Effect: core.EffectFail, Detail: cmp.Or(g.Details, g.Message), Trace: g.Trace}
	if g.Code >= 0 {
		e.Code = strconv.Itoa(g.Code)
	}
	if g.Subcode != 0 {
		e.Code += "/" + strconv.Itoa(g.Subcode)
	}
	r, known := lookup(g.Code, g.Subcode)
	if Unproven(g) {
		r = g.Proof()
	}
	switch {
	case known && r.Effect == core.EffectPark && human && len(r.Subs) == 0 && (g.Code == 10 || g.Code >= 200 && g.Code <= 299):
		e.Reason = "The app may not send what a person writes after the 24 hours: it lacks Meta's feature Human Agent, or another permission."
		e.Remedy = "Ask Meta for the feature Human Agent in the App dashboard, or set the channel's human window to 0."
	case known:
		r.Put(e)
	case g.Transient || g.Status >= 500:
		e.Effect, e.Reason = core.EffectRetry, "{it} has trouble at the moment."
	case g.Status == http.StatusTooManyRequests:
		e.Effect, e.Reason = core.EffectSlow, "{it} asks us to slow down."
	default:
		e.Reason, e.Remedy = "{it} refused the message and gave no reason that Causeway knows.", "Look the code up in Meta's list of error codes."
		if e.Detail != "" {
			e.Reason = "{it} refused the message: " + strings.TrimRight(e.Detail, ".") + "."
		}
	}
	e.Retry = max(e.Retry, g.RetryAfter)
	return e
}
