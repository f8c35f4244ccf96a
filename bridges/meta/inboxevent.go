package meta

import (
	"cmp"
	"context"
	"strconv"
	"strings"
	"time"

	"causeway/core"
)

// inboxApps are the apps under whose ids people write in the Page's own inbox, and in Instagram's.
var inboxApps = map[Text]bool{"263902037430900": true, "1217981644879628": true}

type mark struct {
	Watermark Text   `json:"watermark"`
	Mids      []Text `json:"mids"`
	Mid       Text   `json:"mid"`
}

type reaction struct {
	Mid    Text `json:"mid"`
	Action Text `json:"action"`
	Name   Text `json:"reaction"`
	Emoji  Text `json:"emoji"`
}

type edit struct {
	Mid   Text `json:"mid"`
	Text  Text `json:"text"`
	Times Text `json:"num_edit"`
}

type policy struct {
	Action Text `json:"action"`
	Reason Text `json:"reason"`
}

type controlled struct {
	New       Text `json:"new_owner_app_id"`
	Previous  Text `json:"previous_owner_app_id"`
	Requested Text `json:"requested_owner_app_id"`
}

// events turns a piece into at least one event.
func (i *Inbox) events(ctx context.Context, p piece) ([]core.Event, error) {
	e := i.begin(p)
	if !p.known {
		return one(e)
	}
	account, person, outward := i.sides(p)
	if e.Account = account; GoodID(person) {
		e.Peer.Identities = []core.IdentityKey{i.key(account, person)}
	}
	e.Origin = core.OriginCustomer
	if outward {
		e.Origin = i.Echoes
	}
	if outward && person == i.Account {
		return one(i.begin(p)) // the account to itself
	}
	events, err := i.read(ctx, e, p.item)
	if len(events) == 1 && events[0].Kind == core.EventOther && p.err != nil {
		events[0].Fault = "The event is not of the expected form."
	}
	return events, err
}

// read tells what an item says.
func (i *Inbox) read(ctx context.Context, e core.Event, it item) ([]core.Event, error) {
	switch {
	case it.Message != nil && bool(it.Message.Deleted):
		return i.unsent(ctx, e, *it.Message)
	case it.Message != nil:
		return i.said(ctx, e, *it.Message)
	case it.Postback != nil:
		return one(pressed(e, *it.Postback))
	case it.Reaction != nil:
		return one(i.reacted(e, *it.Reaction))
	case it.Edit != nil:
		return one(edited(e, *it.Edit))
	case it.Read != nil:
		return one(seen(e, *it.Read))
	case it.Delivery != nil:
		return delivered(e, *it.Delivery), nil
	case it.Referral != nil:
		return one(came(e, it.Referral.content()))
	case it.Optin != nil:
		return one(opted(e, *it.Optin))
	case it.Feedback != nil:
		return one(filled(e, "feedback", it.Feedback.fields()))
	case it.Details != nil:
		return one(filled(e, "customer information", it.Details.fields()))
	case it.Disclosed != nil:
		return one(filled(e, "customer information", it.Disclosed.fields()))
	case it.Policy != nil:
		return one(i.enforced(e, *it.Policy))
	}
	return one(i.control(e, it))
}

func one(e core.Event) ([]core.Event, error) { return []core.Event{e}, nil }

// begin makes the event that keeps a piece as it is.
func (i *Inbox) begin(p piece) core.Event {
	at, ok := p.item.Timestamp.Time()
	if !ok {
		at, ok = p.time.Time()
	}
	if !ok {
		at = i.Host.Now()
	}
	e := core.Event{Kind: core.EventOther, ID: p.hash(), At: at, Origin: core.OriginProvider, Raw: p.raw}
	if GoodID(p.entry) && p.known {
		e.Account = p.entry
	}
	return e
}

// sides tells the account from the person, and whether the event is of what the business did. What is said without an echo's mark by the account
// itself is an echo all the same: taking it for a customer's would answer ourselves for ever.
func (i *Inbox) sides(p piece) (account, person string, outward bool) {
	from, to := string(p.item.Sender.ID), string(p.item.Recipient.ID)
	echo := p.item.Message != nil && bool(p.item.Message.Echo)
	if to == "" && from != p.entry {
		to = p.entry
	}
	switch {
	case from == to:
		return to, from, echo || to == i.Account
	case from == i.Account:
		return from, to, true
	case to == i.Account, !echo && to == p.entry:
		return to, from, echo
	case from == p.entry, echo:
		return from, to, true
	}
	return to, from, false
}

// said reads a message, or an echo of one. One with several attachments is as many messages, for ours have one file each.
func (i *Inbox) said(ctx context.Context, e core.Event, m message) ([]core.Event, error) {
	e.Kind = core.EventMessage
	switch {
	case !GoodID(string(m.ID)) && m.empty():
		e.Kind = core.EventOther
		return one(e)
	case !GoodID(string(m.ID)):
		e.Fault = "The message has no id."
		return one(e)
	}
	e.ID = string(m.ID)
	if len(e.Peer.Identities) == 0 {
		e.Fault = "The message names nobody who could be answered."
		return one(e)
	}
	if m.Echo || e.Origin != core.OriginCustomer {
		i.echoed(&e, m)
	}
	contents := core.Together(e.ID, m.contents())
	if len(contents) > 1 {
		if err := i.Host.SaveUntil(ctx, pieceKey(e.ID), []byte(strconv.Itoa(len(contents))), i.Host.Now().Add(keepPieces)); err != nil {
			return nil, err
		}
	}
	events := make([]core.Event, 0, len(contents))
	for n, c := range contents {
		x := e
		if x.ID = Numbered(e.ID, n); n > 0 {
			x.Key = "" // our own sends have one part each
		}
		x.Message = &core.MessageBody{Provider: x.ID, Content: c}
		if c.Kind != core.KindUnsupported {
			x.Raw = nil // what it says is in the content
		}
		events = append(events, x)
	}
	return events, nil
}

// pieceKey is where the number of parts of a message is kept, to take all of them back when it is unsent.
func pieceKey(mid string) string { return "parts/" + mid }

// keepPieces is for how long: of what is unsent later only the first part is taken back.
const keepPieces = 90 * 24 * time.Hour

// Numbered is the id of a part of a message that came as several of ours, from 0.
func Numbered(id string, n int) string {
	if n == 0 {
		return id
	}
	return id + "#" + strconv.Itoa(n)
}

// Whole is the platform's id of the message that a part is of.
func Whole(id string) string {
	mid, _, _ := strings.Cut(id, "#")
	return mid
}

// echoed tells whose an echo is: ours has our key, a person's in the inbox has no app or the inbox's, and all else is another program's.
func (i *Inbox) echoed(e *core.Event, m message) {
	switch {
	case GoodID(string(m.Metadata)):
		e.Origin, e.Key = core.OriginGateway, string(m.Metadata)
	case inboxApps[m.App]:
		e.Origin = core.OriginDevice
	case m.App != "":
		e.Origin = core.OriginGateway
	default:
		e.Origin = i.Echoes
	}
}

// unsent takes a message back, with all its parts.
func (i *Inbox) unsent(ctx context.Context, e core.Event, m message) ([]core.Event, error) {
	e.Kind, e.Revoke = core.EventRevoke, &core.RevokeBody{Target: string(m.ID)}
	if !GoodID(string(m.ID)) {
		e.Fault = "It does not say which message was unsent."
		return one(e)
	}
	e.ID, e.Raw = string(m.ID), nil
	kept, err := i.Host.Load(ctx, pieceKey(e.ID))
	if err != nil {
		return nil, err
	}
	count, _ := strconv.Atoi(string(kept))
	events := []core.Event{e}
	for n := 1; n < count; n++ {
		x := e
		x.ID = Numbered(e.ID, n)
		x.Revoke = &core.RevokeBody{Target: x.ID}
		events = append(events, x)
	}
	return events, nil
}

func pressed(e core.Event, b postback) core.Event {
	e.Kind = core.EventMessage
	if GoodID(string(b.ID)) {
		e.ID = string(b.ID)
	}
	if len(e.Peer.Identities) == 0 {
		e.Fault = "The message names nobody who could be answered."
		return e
	}
	c := chosen(b.Payload, b.Title)
	if b.Referral != nil {
		c.Referral, c.Quote = b.Referral.core(), b.Referral.quote()
	}
	e.Message = &core.MessageBody{Provider: e.ID, Content: c}
	if cmp.Or(b.Title, b.Payload) == "" {
		e.Message.Content = unsupported("postback", "")
		return e
	}
	e.Raw = nil
	return e
}

// came is that somebody followed a link or an ad into a conversation: no words of theirs, but an act that opens the reply window.
func came(e core.Event, c core.Content) core.Event {
	if len(e.Peer.Identities) == 0 {
		return e // known only by a reference of the web site's; they have not written
	}
	e.Kind, e.Message, e.Raw = core.EventMessage, &core.MessageBody{Provider: e.ID, Content: c}, nil
	return e
}

func opted(e core.Event, o optin) core.Event {
	if len(e.Peer.Identities) == 0 || o.Type != "notification_messages" {
		return came(e, o.content())
	}
	stop := strings.HasPrefix(strings.ToUpper(string(o.Status)), "STOP")
	e.Kind, e.Preference = core.EventPreference, &core.PreferenceBody{Marketing: true, Stop: stop, Detail: string(o.Title)}
	e.Raw = nil
	return e
}

// reactionNames are the emoji of the reactions that are named without one.
var reactionNames = map[Text]string{"like": "👍", "dislike": "👎", "love": "❤️", "smile": "😆", "haha": "😆", "wow": "😮", "sad": "😢", "angry": "😠"}

func (i *Inbox) reacted(e core.Event, r reaction) core.Event {
	e.Kind, e.Reaction = core.EventReaction, &core.ReactionBody{Target: string(r.Mid)}
	if r.Action != "unreact" {
		e.Reaction.Emoji = cmp.Or(string(r.Emoji), reactionNames[r.Name], "❔")
		e.Opens = i.Opening && e.Origin == core.OriginCustomer
	}
	return targeted(e, r.Mid)
}

// targeted gives a Fault to a change that names no message.
func targeted(e core.Event, target Text) core.Event {
	if !GoodID(string(target)) {
		e.Fault = "It does not say which message it is about."
		return e
	}
	e.Raw = nil
	return e
}

// edited reads a change of a message. The platform has been seen to report new messages as edited zero times.
func edited(e core.Event, c edit) core.Event {
	if c.Times == "0" || c.Text == "" {
		return e
	}
	e.Kind, e.Edit = core.EventEdit, &core.EditBody{Target: string(c.Mid), Content: core.Content{Kind: core.KindText, Text: string(c.Text)}}
	return targeted(e, c.Mid)
}

// seen is that the person has read all up to a time, or a message and all before it.
func seen(e core.Event, m mark) core.Event {
	return marked(e, m, core.StatusRead)
}

func marked(e core.Event, m mark, s core.Status) core.Event {
	until, ok := m.Watermark.Time()
	if !ok && GoodID(string(m.Mid)) {
		until = e.At
	}
	e.Kind, e.Origin, e.Receipt = core.EventReceipt, core.OriginGateway, &core.ReceiptBody{Status: s, Until: until}
	if GoodID(string(m.Mid)) {
		e.Receipt.Provider = string(m.Mid)
	}
	if e.Receipt.Until.IsZero() {
		e.Fault = "The receipt does not say what it is for."
		return e
	}
	e.Raw = nil
	return e
}

func delivered(e core.Event, m mark) []core.Event {
	var events []core.Event
	for _, mid := range m.Mids {
		if !GoodID(string(mid)) {
			continue
		}
		x := e
		x.Kind, x.Origin, x.ID, x.Raw = core.EventReceipt, core.OriginGateway, string(mid)+"/delivered", nil
		x.Receipt = &core.ReceiptBody{Provider: string(mid), Status: core.StatusDelivered}
		events = append(events, x)
	}
	if len(events) == 0 {
		events = append(events, marked(e, m, core.StatusDelivered))
	}
	return events
}

// enforced reads that the platform blocks the account, warns it, or lets it go.
func (i *Inbox) enforced(e core.Event, p policy) core.Event {
	e.Kind, e.Origin, e.Peer = core.EventAccount, core.OriginProvider, core.Peer{}
	why := strings.Join(strings.Fields(string(p.Reason)), " ")
	h := core.Health{Code: "policy-" + string(p.Action), Remedy: "Open Business support home at Meta, see what is held against the account, and ask for a review."}
	switch p.Action {
	case "block":
		h.Level, h.Reason = core.HealthBad, "Meta has blocked the account for violating its policy."
	case "unblock":
		h.Level, h.Reason, h.Remedy = core.HealthGood, "Meta has lifted the block of the account.", ""
	default:
		h.Level, h.Reason = core.HealthWarning, "Meta warns the account that it violates its policy."
	}
	e.Change = &core.AccountBody{Name: "policy_enforcement/" + string(p.Action), Detail: strings.TrimSpace(h.Reason + " " + why), Health: &h}
	return e
}

// control reads that a conversation went to another app or came back. It is news, not an act of the customer.
func (i *Inbox) control(e core.Event, it item) core.Event {
	var name, detail string
	switch {
	case it.Pass != nil:
		name, detail = "pass_thread_control", "A conversation was handed to "+app(it.Pass.New)+"."
	case it.Take != nil:
		name, detail = "take_thread_control", "A conversation was taken from "+app(it.Take.Previous)+"; only the app that has it may answer."
	case it.Request != nil:
		name, detail = "request_thread_control", "A conversation is asked for by "+app(it.Request.Requested)+"."
	default:
		return e
	}
	e.Kind, e.Origin, e.Change = core.EventAccount, core.OriginProvider, &core.AccountBody{Name: name, Detail: detail}
	return e
}

// app names one that has to do with a conversation.
func app(id Text) string {
	switch {
	case inboxApps[id]:
		return "Meta's own inbox"
	case id == "":
		return "an app that is not named"
	}
	return "the app " + string(id)
}
