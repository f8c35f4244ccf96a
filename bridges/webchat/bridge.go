package webchat

import (
	"context"
	"strings"
	"sync"
	"time"

	"causeway/core"
)

// Kind is the bridge's name in configuration and store.
const Kind = "webchat"

// Scheme is of visitors. Its Scope is the channel's site; its Value begins with "a-" for an anonymous visitor, "u-" for a user of the site.
const Scheme core.Scheme = "webchat"

// Bridge is the protocol. The zero value is ready.
type Bridge struct{}

var (
	_ core.Bridge            = Bridge{}
	_ core.RememberingBridge = Bridge{}
)

// Info implements core.Bridge.
func (Bridge) Info() core.Info {
	return core.Info{Kind: Kind, Title: "Web chat", Scheme: Scheme, Account: keySite, Settings: settings(),
		Docs: "https://html.spec.whatwg.org/multipage/server-sent-events.html", Capabilities: capabilities()}
}

// link is an open channel.
type link struct {
	channel core.Channel
	host    core.Host
	conf    conf
	hub     *hub
	visits  *limiter      // by network address
	crowd   *limiter      // of all network addresses together
	talk    *limiter      // by visitor
	typed   *limiter      // that somebody is writing, by visitor
	noted   *limiter      // the same, of all visitors together
	spent   *limiter      // tasks that were done, by their stamp
	face    string        // of the widget, as a hash
	look    time.Duration // between two looks of a stream for what another process wrote, if its word was lost
	closed  chan struct{}
	closing sync.Once
}

var (
	_ core.Link       = (*link)(nil)
	_ core.MediaLink  = (*link)(nil)
	_ core.ActionLink = (*link)(nil)
	_ core.HearLink   = (*link)(nil)
	_ core.ServeLink  = (*link)(nil)
)

// Open implements core.Bridge.
func (Bridge) Open(channel core.Channel, settings core.Settings, host core.Host) (core.Link, error) {
	c, err := read(settings)
	if err != nil {
		return nil, err
	}
	return &link{channel: channel, host: host, conf: c, hub: newHub(), visits: newLimiter(visitsPerMinute/60.0, visitsAtOnce), crowd: newLimiter(crowdPerSecond, crowdAtOnce),
		talk: newLimiter(talkPerSecond, talkAtOnce), typed: newLimiter(typedPerSecond, 1), noted: newLimiter(notedPerSecond, notedPerSecond),
		spent: newLimiter(1/workFor.Seconds(), 1), face: c.face(), look: lookAgain, closed: make(chan struct{})}, nil
}

// Close implements core.Link. It ends the streams to browsers; they come again.
func (l *link) Close() error {
	l.closing.Do(func() { close(l.closed) })
	return nil
}

// Capabilities implements core.Link.
func (*link) Capabilities() core.Capabilities { return capabilities() }

const (
	textLimit    = 4096
	captionLimit = 1024
	maxButtons   = 10
	maxTitle     = 60
	fileLimit    = 25 << 20
	freeWindow   = 48 * time.Hour
)

func capabilities() core.Capabilities {
	file := core.MediaRule{Bytes: fileLimit, Caption: true}
	return core.Capabilities{
		TextLimit: textLimit, CaptionLimit: captionLimit, Unit: core.UnitRunes, Marks: true,
		Media: map[core.ContentKind]core.MediaRule{
			core.KindImage: {MIME: []string{"image/jpeg", "image/png", "image/gif", "image/webp"}, Bytes: fileLimit, Caption: true},
			core.KindVideo: file, core.KindAudio: file, core.KindVoice: file, core.KindDocument: file,
		},
		Kinds: []core.ContentKind{core.KindChoices}, Buttons: maxButtons,
		Actions:  []core.Action{core.ActionTyping, core.ActionRead, core.ActionEdit, core.ActionRevoke},
		Receipts: []core.Status{core.StatusSent, core.StatusDelivered, core.StatusRead},
		Receives: []core.ContentKind{core.KindText, core.KindImage, core.KindVideo, core.KindAudio, core.KindDocument, core.KindChoice, core.KindForm},
		// Nothing may be written to one who never wrote: there is nobody at the other end.
		Idempotent: true, Window: core.Window{Free: freeWindow, After: core.AfterNothing},
	}
}

// Check implements core.Link. There is no provider to ask: what can be wrong is in the settings.
func (l *link) Check(context.Context) []core.Finding {
	found := []core.Finding{{Subject: "origins", Level: core.HealthGood, Detail: "Pages of these sites may chat: " + strings.Join(l.conf.origins, ", ") + "."}}
	for _, o := range l.conf.origins {
		if strings.HasPrefix(o, "http://") && !local(o) {
			found = append(found, core.Finding{Subject: "origins", Level: core.HealthWarning, Detail: "The site " + o + " is not encrypted: others on its way can read the chat.",
				Remedy: "Serve the site by https and list it so."})
		}
	}
	if l.conf.require && l.conf.identity.Empty() {
		return append(found, core.Finding{Subject: "identity", Level: core.HealthBad, Detail: "Only proven users may write, and there is no secret to prove them by.",
			Remedy: "Set identity_secret."})
	}
	return found
}
