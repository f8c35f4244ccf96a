package twilio

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strconv"
	"strings"

	"causeway/bridges/sms"
	"causeway/core"
)

// messages turns a message into one event for each of its files, or one for its text, and one more if it asks to stop or resume.
func (l *link) messages(f fields, id string) []core.Event {
	first := core.Event{Kind: core.EventMessage, ID: id, Account: l.account(f), At: l.host.Now(), Origin: core.OriginCustomer, Peer: l.peer(f)}
	if len(first.Peer.Identities) == 0 {
		first.Fault, first.Raw = "Twilio does not say who sent it.", f.raw()
	}
	var events []core.Event
	for i, c := range core.Together(first.ID, l.contents(f)) {
		e := first
		if i > 0 {
			e.ID += "/" + strconv.Itoa(i)
		}
		if c.Kind == core.KindUnsupported {
			e.Raw = f.raw()
		}
		e.Message = &core.MessageBody{Provider: e.ID, Content: c}
		events = append(events, e)
	}
	if wish, ok := l.wish(f, first, f["Body"]); ok && first.Fault == "" {
		events = append(events, wish)
	}
	return events
}

// wish returns the event of somebody who wants nothing more, or messages again. What Twilio says of it counts before the words: whoever gets a
// type of opt-out with a message has been answered by Twilio.
func (l *link) wish(f fields, first core.Event, text string) (core.Event, bool) {
	switch strings.ToUpper(f["OptOutType"]) {
	case "STOP":
		return sms.Prefer(first, true, text, ""), true
	case "START":
		return sms.Prefer(first, false, text, ""), true
	case "HELP":
		return core.Event{}, false
	}
	if l.overWhatsApp(f) {
		return core.Event{}, false // WhatsApp has its own ways to stop
	}
	first.Message = &core.MessageBody{Content: core.Content{Text: text}}
	return l.conf.words.Preference(first, l.conf.answered)
}

var aUser = regexp.MustCompile(`^[A-Z]{2}(\.ENT)?\.[A-Za-z0-9]{1,128}$`)

// peer is the person on the other side: where answers go, first; then what else Twilio knows them by.
func (l *link) peer(f fields) core.Peer {
	p := core.Peer{Name: strings.TrimSpace(f["ProfileName"])}
	add := func(k core.IdentityKey, ok bool) {
		for _, have := range p.Identities {
			ok = ok && have != k
		}
		if ok {
			p.Identities = append(p.Identities, k)
		}
	}
	add(l.identity(f["From"]))
	if !l.overWhatsApp(f) {
		return p
	}
	add(l.identity(prefixed(f["WaId"])))
	for _, name := range []string{"ExternalUserId", "ParentExternalUserId"} {
		if k, ok := l.identity(prefixed(f[name])); k.Scheme == core.SchemeBSUID {
			add(k, ok)
		}
	}
	if name := strings.TrimPrefix(strings.TrimSpace(f["ProfileUsername"]), "@"); name != "" && len(p.Identities) > 0 {
		add(core.IdentityKey{Scheme: core.SchemeUsername, Value: name}, true)
	}
	return p
}

func prefixed(address string) string {
	if address == "" || strings.HasPrefix(address, "whatsapp:") {
		return address
	}
	return "whatsapp:" + address
}

// identity returns who an address names. A number of WhatsApp is kept as WhatsApp writes it.
func (l *link) identity(address string) (core.IdentityKey, bool) {
	address = strings.TrimSpace(address)
	bare, whatsapp := strings.CutPrefix(address, "whatsapp:")
	digits := core.Digits(bare)
	switch {
	case aUser.MatchString(bare):
		return core.IdentityKey{Scheme: core.SchemeBSUID, Value: bare}, true
	case (whatsapp || l.conf.sort == sortWhatsApp) && len(digits) >= 5 && strings.TrimPrefix(bare, "+") == digits:
		return core.IdentityKey{Scheme: core.SchemePhone, Value: digits}, true
	}
	return sms.Numbering{Region: l.conf.country, Scope: l.conf.account}.Sender(strings.TrimPrefix(bare, "rcs:"))
}

// overWhatsApp reports whether a message came over WhatsApp.
func (l *link) overWhatsApp(f fields) bool {
	return l.conf.sort == sortWhatsApp || strings.HasPrefix(f["From"], "whatsapp:") || strings.HasPrefix(f["To"], "whatsapp:")
}

// rich reports whether a message can say more than text and files: over WhatsApp, or over RCS, to which a messaging service may turn by itself.
func (l *link) rich(f fields) bool {
	return l.overWhatsApp(f) || strings.HasPrefix(f["From"], "rcs:") || strings.HasPrefix(f["To"], "rcs:")
}

// contents are what a message says: at least one.
func (l *link) contents(f fields) []core.Content {
	common := core.Content{Referral: referral(f), Forwarded: f["Forwarded"] == "true" || f["FrequentlyForwarded"] == "true"}
	if id := f["OriginalRepliedMessageSid"]; id != "" {
		common.Quote = &core.Quote{Provider: id}
	}
	var all []core.Content
	for _, m := range l.media(f) {
		c := common
		c.Kind, c.Media = l.kind(f, m.MIME), &m
		if len(all) == 0 {
			c.Text = f["Body"]
		}
		all = append(all, c)
	}
	if len(all) == 0 {
		all = append(all, l.worded(f, common))
	}
	return all
}

// mostMedia bounds what is looked for: Twilio names up to ten files, and its number of them is not to be relied on.
const mostMedia = 32

func (l *link) media(f fields) []core.Media {
	var all []core.Media
	for i := range mostMedia {
		n := strconv.Itoa(i)
		if address := f["MediaUrl"+n]; address != "" {
			mime, _, _ := strings.Cut(f["MediaContentType"+n], ";")
			all = append(all, core.Media{URL: address, MIME: strings.TrimSpace(mime)})
		}
	}
	return all
}

func (l *link) kind(f fields, mime string) core.ContentKind {
	switch {
	case !l.overWhatsApp(f):
	case strings.EqualFold(f["MessageType"], "sticker") || mime == "image/webp" && f["MessageType"] == "":
		return core.KindSticker
	case strings.EqualFold(f["MessageType"], "document"):
		return core.KindDocument
	case mime == "audio/ogg":
		return core.KindVoice
	}
	return core.FileKind(mime)
}

// worded is the content of a message without files.
func (l *link) worded(f fields, c core.Content) core.Content {
	c.Kind, c.Text = core.KindText, f["Body"]
	if !l.rich(f) {
		return c
	}
	switch at, there := sms.Place(f["Latitude"], f["Longitude"]); {
	case there:
		at.Name, at.Address = f["Label"], f["Address"]
		c.Kind, c.Location = core.KindLocation, &at
	case f.get("FlowData", "InteractiveData") != "":
		c.Kind, c.Form = core.KindForm, core.NewForm("flow", []byte(f.get("FlowData", "InteractiveData")))
		if c.Form.Raw == nil && strings.TrimSpace(c.Text) == "" {
			c.Text = f.get("FlowData", "InteractiveData") // no JSON: as it is
		}
	case f.get("ButtonPayload", "ButtonText", "ListId", "ListTitle") != "":
		c.Kind = core.KindChoice
		c.Choice = &core.Choice{ID: f.get("ButtonPayload", "ListId", "ButtonText", "ListTitle"), Title: f.get("ButtonText", "ListTitle", "Body"), Description: f["ListDescription"]}
	case strings.TrimSpace(c.Text) == "" && l.overWhatsApp(f):
		c.Kind, c.Text = core.KindUnsupported, ""
		c.Unsupported = &core.Unsupported{Type: f.get("MessageType", "ChannelMetadata"), Detail: "Twilio does not hand on what this WhatsApp message says."}
		if len(c.Unsupported.Type) > 64 || c.Unsupported.Type == "" {
			c.Unsupported.Type = "unknown"
		}
	}
	return c
}

func referral(f fields) *core.Referral {
	if f.get("ReferralSourceId", "ReferralSourceUrl", "ReferralBody", "ReferralHeadline") == "" {
		return nil
	}
	return &core.Referral{Source: f.get("ReferralSourceType", "ReferralType"), ID: f["ReferralSourceId"], URL: f["ReferralSourceUrl"], Headline: f["ReferralHeadline"],
		Body: f["ReferralBody"], ClickID: f["ReferralCtwaClid"], MediaURL: f.get("ReferralMediaUrl")}
}

// hash makes an id for a call that has none.
func hash(f fields) string {
	h := sha256.Sum256(f.raw())
	return hex.EncodeToString(h[:12])
}
