package twilio

import (
	"slices"
	"time"

	"causeway/bridges/sms"
	"causeway/core"
)

// Kind is the bridge's name in configuration and store.
const Kind = "sms-twilio"

// Bridge is the protocol. The zero value is ready.
type Bridge struct{}

var _ core.Bridge = Bridge{}

// Info implements core.Bridge.
func (Bridge) Info() core.Info {
	return core.Info{Kind: Kind, Title: "SMS", Variant: "Twilio", Scheme: core.SchemePhone, Account: keySender, Settings: settings(),
		Docs: "https://www.twilio.com/docs/messaging", Capabilities: conf{sort: sortNumber, rate: 1}.capabilities()}
}

// link is an open channel.
type link struct {
	channel core.Channel
	host    core.Host
	conf    conf
	call    sms.Caller
	door    *sms.Door
}

var (
	_ core.Link         = (*link)(nil)
	_ core.WebhookLink  = (*link)(nil)
	_ core.SetupLink    = (*link)(nil)
	_ core.MediaLink    = (*link)(nil)
	_ core.TemplateLink = (*link)(nil)
)

// Open implements core.Bridge. It makes no call.
func (Bridge) Open(channel core.Channel, settings core.Settings, host core.Host) (core.Link, error) {
	c, err := read(settings)
	if err != nil {
		return nil, err
	}
	l := &link{channel: channel, host: host, conf: c, door: &sms.Door{Host: host, Key: c.token, Fixed: c.webhook}}
	l.call = sms.Caller{HTTP: host.HTTP(), Title: "Twilio", Hide: []core.Secret{c.token, c.second, c.password}}
	return l, nil
}

// Close implements core.Link. A link holds nothing that must be freed.
func (*link) Close() error { return nil }

// Capabilities implements core.Link.
func (l *link) Capabilities() core.Capabilities { return l.conf.capabilities() }

// textLimit is what Twilio takes in one message. It counts characters; UTF-16 units are never fewer.
const textLimit = 1600

const (
	fileLimit     = 5 << 20
	whatsAppLimit = 16 << 20
)

func (c conf) capabilities() core.Capabilities {
	can := core.Capabilities{
		TextLimit: textLimit, CaptionLimit: textLimit, Unit: core.UnitUTF16, Names: c.names, Kinds: append(sms.PlainKinds(), core.KindTemplate), PerSecond: c.rate,
		Media: map[core.ContentKind]core.MediaRule{
			core.KindImage:    {MIME: []string{"image/jpeg", "image/png", "image/gif"}, Bytes: fileLimit, Caption: true},
			core.KindVideo:    {Bytes: fileLimit, Caption: true},
			core.KindAudio:    {Bytes: fileLimit, Caption: true},
			core.KindDocument: {MIME: []string{"application/pdf", "text/vcard", "text/x-vcard", "text/calendar", "text/plain"}, Bytes: fileLimit, Caption: true},
		},
		Receipts: []core.Status{core.StatusSent, core.StatusDelivered, core.StatusFailed},
		Receives: []core.ContentKind{core.KindText, core.KindImage, core.KindVideo, core.KindAudio, core.KindDocument}, MayInitiate: true,
		Window: core.Window{After: core.AfterAnything},
	}
	switch c.sort {
	case sortWhatsApp:
		c.whatsApp(&can)
	case sortService: // it turns to RCS by itself
		can.Receives = append(can.Receives, core.KindLocation, core.KindChoice)
	case sortNumber, sortCode, sortName:
	}
	return can
}

// whatsApp turns what SMS can do into what WhatsApp can.
func (c conf) whatsApp(can *core.Capabilities) {
	can.Media = map[core.ContentKind]core.MediaRule{
		core.KindImage:    {MIME: []string{"image/jpeg", "image/png"}, Bytes: fileLimit, Caption: true},
		core.KindVideo:    {MIME: []string{"video/mp4", "video/3gpp"}, Bytes: whatsAppLimit, Caption: true},
		core.KindAudio:    {MIME: []string{"audio/ogg", "audio/amr", "audio/3gpp", "audio/aac", "audio/mpeg", "audio/mp4"}, Bytes: whatsAppLimit},
		core.KindVoice:    {MIME: []string{"audio/ogg"}, Bytes: whatsAppLimit},
		core.KindDocument: {Bytes: whatsAppLimit, Caption: true},
		core.KindSticker:  {MIME: []string{"image/webp"}, Bytes: 500 << 10},
	}
	can.Marks = true // Twilio hands the text on as it is
	can.Receipts = append(slices.Clone(can.Receipts), core.StatusRead)
	can.Receives = append(slices.Clone(can.Receives), core.KindVoice, core.KindSticker, core.KindLocation, core.KindChoice, core.KindUnsupported)
	can.MayInitiate, can.Window = false, core.Window{Free: 24 * time.Hour, After: core.AfterTemplates}
}
