package whatsappdevice

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"strings"

	"causeway/core"

	"go.mau.fi/whatsmeow/proto/waE2E"
)

// said is what a message says. Kind is empty where there is nothing to show. Context is what it refers to, nil for nothing.
type said struct {
	core.Content
	context *waE2E.ContextInfo
}

// saying reads one kind of message; false: it is not of that kind.
type saying func(m *waE2E.Message) (said, bool)

// sayings are the kinds, the commonest first.
func sayings() []saying {
	return []saying{sayText, sayFile, sayPlace, sayCards, sayChoice, sayPoll, sayOffer, saySale, sayEvent, sayInvite, sayBot}
}

// contentOf reads a message that was unwrapped.
func contentOf(m *waE2E.Message) said {
	s := understood(m)
	if s.Kind == "" {
		return s
	}
	s.Forwarded = s.context.GetIsForwarded()
	s.Referral = referral(s.context)
	s.Album = albumOf(m)
	return s
}

// understood is what a message says by its kind; of a kind that is not known, the words in it.
func understood(m *waE2E.Message) said {
	for _, read := range sayings() {
		if s, ok := read(m); ok && !s.blank() {
			return s
		}
	}
	kind := kindOf(m)
	if kind == "" || silent(kind) {
		return said{}
	}
	s := said{Content: unsupported(kind, "Open WhatsApp on the phone to see it."), context: contextOf(m)}
	s.Text = lines(wordsIn(m.ProtoReflect(), deepestWords)...)
	return s
}

// blank reports whether there is nothing in it for people to see.
func (s said) blank() bool {
	return strings.TrimSpace(s.Text) == "" && s.Media == nil && s.Location == nil && len(s.Contacts) == 0 && s.Choice == nil && s.Form == nil && s.Order == nil
}

// albumOf is the id of the album that a picture or film belongs to, "" for none. The album itself is a message that only announces how many there are.
func albumOf(m *waE2E.Message) string {
	a := m.GetMessageContextInfo().GetMessageAssociation()
	if a.GetAssociationType() != waE2E.MessageAssociation_MEDIA_ALBUM {
		return ""
	}
	return plain(a.GetParentMessageKey().GetID())
}

func unsupported(kind, detail string) core.Content {
	return core.Content{Kind: core.KindUnsupported, Unsupported: &core.Unsupported{Type: kind, Detail: detail}}
}

// kindOf is WhatsApp's word for the kind of a message, "" if it holds none. Keys and context that travel with any message are no kind.
func kindOf(m *waE2E.Message) string {
	kind := ""
	m.ProtoReflect().Range(func(f fieldDescriptor, _ fieldValue) bool {
		name := string(f.Name())
		if name == "messageContextInfo" || strings.Contains(strings.ToLower(name), "senderkeydistribution") {
			return true
		}
		kind = name
		return false
	})
	if kind == "" && len(m.ProtoReflect().GetUnknown()) > 0 {
		return "unknown"
	}
	return kind
}

// silent reports whether a kind of message is none for people: it steers programs, or belongs to a message that is shown by itself.
func silent(kind string) bool {
	switch kind {
	case "protocolMessage", "deviceSentMessage", "keepInChatMessage", "pinInChatMessage", "stickerSyncRmrMessage", "albumMessage", "messageHistoryBundle",
		"messageHistoryNotice", "groupRootKeyShare", "rootSecretDistributeMessage", "pollResultSnapshotMessage", "pollResultSnapshotMessageV3", "callLogMesssage", "call", "statusLinkPreviewMetadata", "botTaskMessage", "limitSharingMessage":
		return true
	}
	return false
}

// plain is text as it may be stored.
func plain(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
}

func sayText(m *waE2E.Message) (said, bool) {
	switch t := m.GetExtendedTextMessage(); {
	case m.Conversation != nil:
		return text(m.GetConversation(), nil), true
	case t != nil:
		return text(t.GetText(), t.GetContextInfo()), true
	}
	if h := m.GetHighlyStructuredMessage(); h != nil && h.GetHydratedHsm() != nil {
		return templateText(h.GetHydratedHsm()), true
	}
	return said{}, false
}

func text(s string, c *waE2E.ContextInfo) said {
	return said{Content: core.Content{Kind: core.KindText, Text: plain(s)}, context: c}
}

func sayPlace(m *waE2E.Message) (said, bool) {
	if p := m.GetLocationMessage(); p != nil {
		return said{context: p.GetContextInfo(), Content: core.Content{Kind: core.KindLocation, Text: plain(p.GetComment()), Location: &core.Location{Latitude: p.GetDegreesLatitude(),
			Longitude: p.GetDegreesLongitude(), Name: plain(p.GetName()), Address: plain(p.GetAddress()), URL: plain(p.GetURL())}}}, true
	}
	if p := m.GetLiveLocationMessage(); p != nil {
		return said{context: p.GetContextInfo(), Content: core.Content{Kind: core.KindLocation, Text: plain(p.GetCaption()), Location: &core.Location{Latitude: p.GetDegreesLatitude(),
			Longitude: p.GetDegreesLongitude(), Name: "Live location"}}}, true
	}
	return said{}, false
}

func sayCards(m *waE2E.Message) (said, bool) {
	if c := m.GetContactMessage(); c != nil {
		return said{context: c.GetContextInfo(), Content: core.Content{Kind: core.KindContacts, Contacts: []core.Card{cardOf(c)}}}, true
	}
	all := m.GetContactsArrayMessage()
	if all == nil {
		return said{}, false
	}
	s := said{context: all.GetContextInfo(), Content: core.Content{Kind: core.KindContacts}}
	for _, c := range all.GetContacts() {
		s.Contacts = append(s.Contacts, cardOf(c))
	}
	return s, true
}

// sayChoice reads what somebody picked from buttons or a list, and filled forms.
func sayChoice(m *waE2E.Message) (said, bool) {
	pick := func(id, title, description string, c *waE2E.ContextInfo) (said, bool) {
		return said{context: c, Content: core.Content{Kind: core.KindChoice, Text: plain(title), Choice: &core.Choice{ID: plain(id), Title: plain(title), Description: plain(description)}}}, true
	}
	if b := m.GetButtonsResponseMessage(); b != nil {
		return pick(b.GetSelectedButtonID(), b.GetSelectedDisplayText(), "", b.GetContextInfo())
	}
	if l := m.GetListResponseMessage(); l != nil {
		return pick(l.GetSingleSelectReply().GetSelectedRowID(), l.GetTitle(), l.GetDescription(), l.GetContextInfo())
	}
	if t := m.GetTemplateButtonReplyMessage(); t != nil {
		return pick(t.GetSelectedID(), t.GetSelectedDisplayText(), "", t.GetContextInfo())
	}
	i := m.GetInteractiveResponseMessage()
	if i == nil {
		return said{}, false
	}
	flow := i.GetNativeFlowResponseMessage()
	if p := picked(flow.GetParamsJSON()); p.ID != "" {
		return pick(p.ID, cmp.Or(i.GetBody().GetText(), p.Title, p.ID), p.Description, i.GetContextInfo())
	}
	return said{context: i.GetContextInfo(), Content: core.Content{Kind: core.KindForm, Text: plain(i.GetBody().GetText()),
		Form: core.NewForm(plain(flow.GetName()), []byte(flow.GetParamsJSON()))}}, true
}

// picked reads the answer to a quick reply or a list of the newer kind. A filled form, which may have a field of that name too, is told by its token.
func picked(params string) core.Choice {
	var p struct {
		ID, Title, Description string
		Form                   *json.RawMessage `json:"flow_token"`
	}
	if json.Unmarshal([]byte(params), &p) != nil || p.Form != nil {
		return core.Choice{}
	}
	return core.Choice{ID: p.ID, Title: p.Title, Description: p.Description}
}

// saySale reads orders and products.
func saySale(m *waE2E.Message) (said, bool) {
	if o := m.GetOrderMessage(); o != nil {
		item := core.OrderItem{Product: plain(cmp.Or(o.GetOrderTitle(), o.GetOrderID())), Quantity: fmt.Sprint(o.GetItemCount()), Price: thousandths(o.GetTotalAmount1000()), Currency: plain(o.GetTotalCurrencyCode())}
		return said{context: o.GetContextInfo(), Content: core.Content{Kind: core.KindOrder, Text: plain(o.GetMessage()), Order: &core.Order{Catalog: plain(o.GetOrderID()), Items: []core.OrderItem{item}}}}, true
	}
	p := m.GetProductMessage()
	if p == nil {
		return said{}, false
	}
	product, price := p.GetProduct(), ""
	if product != nil && product.PriceAmount1000 != nil {
		price = thousandths(product.GetPriceAmount1000()) + " " + product.GetCurrencyCode()
	}
	s := text(lines(p.GetBody(), product.GetTitle(), product.GetDescription(), price, product.GetURL(), p.GetFooter()), p.GetContextInfo())
	s.Quote = &core.Quote{Product: plain(cmp.Or(product.GetRetailerID(), product.GetProductID()))}
	return s, true
}

// thousandths writes an amount that is given in thousandths.
func thousandths(n int64) string {
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	s := fmt.Sprintf("%s%d.%03d", sign, n/1000, n%1000)
	return strings.TrimSuffix(s, "0")
}

func sayEvent(m *waE2E.Message) (said, bool) {
	e := m.GetEventMessage()
	if e == nil {
		return said{}, false
	}
	return text(lines(happening(e.GetName(), e.GetIsCanceled()), begins(e.GetStartTime()), e.GetLocation().GetName(), e.GetDescription(), e.GetJoinLink()), e.GetContextInfo()), true
}

// happening is how an event is called.
func happening(name string, cancelled bool) string {
	if cancelled {
		return "Cancelled: *" + name + "*"
	}
	return "*" + name + "*"
}

// begins is when an event does, "" if that is not said.
func begins(seconds int64) string {
	if seconds <= 0 {
		return ""
	}
	return moment(unix(seconds))
}

// sayInvite reads invitations to a group, an event or a channel.
func sayInvite(m *waE2E.Message) (said, bool) {
	if i := m.GetGroupInviteMessage(); i != nil {
		return text(lines(i.GetCaption(), "Invitation to the group *"+i.GetGroupName()+"*"), i.GetContextInfo()), true
	}
	if i := m.GetEventInviteMessage(); i != nil {
		return text(lines(i.GetCaption(), happening(i.GetEventTitle(), i.GetIsCanceled()), begins(i.GetStartTime()), i.GetCallLink()), i.GetContextInfo()), true
	}
	if i := m.GetNewsletterFollowerInviteMessageV2(); i != nil {
		return text(lines(i.GetCaption(), "Invitation to the channel *"+i.GetNewsletterName()+"*"), i.GetContextInfo()), true
	}
	return said{}, false
}

// sayBot reads an answer of a bot's that somebody hands on.
func sayBot(m *waE2E.Message) (said, bool) {
	var all []string
	for _, piece := range m.GetRichResponseMessage().GetSubmessages() {
		all = append(all, piece.GetMessageText())
	}
	s := text(lines(all...), m.GetRichResponseMessage().GetContextInfo())
	return s, s.Text != ""
}

// referral is the advertisement that brought somebody, or the business's status that they answer to; nil for none. What a status says is kept nowhere else.
func referral(c *waE2E.ContextInfo) *core.Referral {
	if toStatus(c) {
		return &core.Referral{Source: core.ReferredByStatus, ID: plain(c.GetStanzaID()), Body: quoted(c).Text}
	}
	ad := c.GetExternalAdReply()
	if ad == nil || ad.GetSourceID() == "" && ad.GetCtwaClid() == "" {
		return nil
	}
	return &core.Referral{Source: plain(cmp.Or(ad.GetSourceType(), "ad")), ID: plain(ad.GetSourceID()), URL: plain(ad.GetSourceURL()), Headline: plain(ad.GetTitle()),
		Body: plain(ad.GetBody()), Ref: plain(ad.GetRef()), ClickID: plain(ad.GetCtwaClid()), MediaURL: plain(ad.GetMediaURL())}
}

// quoted is what the message said that is answered to, as far as the answer repeats it.
func quoted(c *waE2E.ContextInfo) said {
	if c.GetQuotedMessage() == nil {
		return said{}
	}
	return understood(unwrapped(c.GetQuotedMessage()))
}

// lines joins what is not empty, one under the other.
func lines(all ...string) string {
	var b bytes.Buffer
	for _, s := range all {
		if s = strings.TrimSpace(s); s == "" || s == "-" || s == "**" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(s)
	}
	return b.String()
}
