package whatsappdevice

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"causeway/core"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"
	"google.golang.org/protobuf/proto"
)

// A device paired by QR code is listed on the phone under this name. whatsmeow keeps it in a variable of its own.
func init() { store.DeviceProps.Os = proto.String("Causeway") }

var _ core.PairingLink = (*link)(nil)

const (
	firstCode  = 60 * time.Second // the first of WhatsApp's QR codes is good for so long,
	laterCode  = 20 * time.Second // each of the five others for so long
	allCodes   = firstCode + 5*laterCode
	passkeyFor = 5 * time.Minute // from the phone's request; a later answer has to be confirmed on the phone
	partingFor = 10 * time.Second
	appearAs   = "Chrome (Linux)" // among the phone's linked devices, if paired by a typed code; WhatsApp takes only browsers it knows there
	webOrigin  = "https://web.whatsapp.com"
)

// pairing is one attempt to join the phone's account.
type pairing struct {
	link   *link
	talk   core.PairingTalk
	code   bool // a code is typed on the phone; else a QR code is scanned
	client *whatsmeow.Client
	device *store.Device

	events  chan any // from whatsmeow's goroutines
	replies chan reply
	codes   []string // still to be shown
	next    *time.Timer
	parting *time.Timer
	kept    bool // the device is joined, and stored
	parted  bool // WhatsApp has taken leave, for the device to log in

	mu    sync.Mutex
	wrong string // the number of the phone that was refused
}

// joined says that the device was kept, or why not.
type joined struct{ err error }

// reply is what the person answered.
type reply struct {
	answer core.PairingAnswer
	err    error
}

// Pair implements core.PairingLink. The device that is joined now is given up only when the phone has agreed to the new one; nothing of it is unlinked
// on the phone.
func (l *link) Pair(ctx context.Context, wish core.PairingWish, talk core.PairingTalk) (core.Paired, error) {
	if wish.Phone != "" && !sameNumber(core.Digits(wish.Phone), l.conf.phone) {
		return core.Paired{}, otherNumber(core.Digits(wish.Phone), l.conf.phone)
	}
	if err := talk.Show(ctx, core.PairingStep{State: core.PairingPreparing}); err != nil {
		return core.Paired{}, err
	}
	l.freshen(ctx)
	device, err := l.devices().fresh(ctx)
	if err != nil {
		return core.Paired{}, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p := &pairing{link: l, talk: talk, code: wish.Phone != "", device: device, events: make(chan any, 32), replies: make(chan reply, 1),
		next: idle(), parting: idle()}
	defer p.next.Stop()
	defer p.parting.Stop()
	wire, cut := context.WithCancel(context.WithoutCancel(ctx)) // as for a session: the connection is closed before its context ends
	defer cut()
	p.connectable(ctx)
	p.client.BackgroundEventCtx = wire
	defer p.client.Disconnect()
	dialled := context.AfterFunc(ctx, cut)
	err = p.client.ConnectContext(wire)
	dialled()
	if err != nil {
		return core.Paired{}, unreachable(err)
	}
	return p.follow(ctx)
}

// idle is a timer that does not run.
func idle() *time.Timer {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return t
}

// connectable makes the client. It does not log in: the session does that, which takes what then comes in.
func (p *pairing) connectable(ctx context.Context) {
	p.client = whatsmeow.NewClient(p.device, log{p.link.host.Log()})
	p.client.SetPreLoginHTTPClient(p.link.http)
	p.client.SetWebsocketHTTPClient(p.link.http)
	p.client.EnableAutoReconnect = false
	p.client.DisableLoginAutoReconnect = true
	p.client.PrePairCallback = p.right
	p.client.AddEventHandler(func(evt any) {
		if _, agreed := evt.(*events.PairSuccess); agreed {
			// Before whatsmeow goes on, and while nobody else changes the device. The phone has agreed: no cancelling now.
			evt = joined{p.link.devices().promote(context.WithoutCancel(ctx), p.device)}
		}
		select {
		case p.events <- evt:
		case <-ctx.Done():
		}
	})
}

// right reports whether this phone is the one that the channel is for.
func (p *pairing) right(jid types.JID, _, _ string) bool {
	if sameNumber(jid.User, p.link.conf.phone) {
		return true
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wrong = jid.User
	return false
}

// follow shows each step until the account is joined.
func (p *pairing) follow(ctx context.Context) (core.Paired, error) {
	for !p.kept || !p.parted {
		var err error
		select {
		case <-ctx.Done():
			err = ctx.Err()
		case <-p.next.C:
			err = p.showNext(ctx)
		case <-p.parting.C:
			p.parted = true
		case r := <-p.replies:
			err = p.replied(ctx, r)
		case evt := <-p.events:
			err = p.happened(ctx, evt)
		}
		switch {
		case err != nil:
			return core.Paired{}, err
		case p.parted && !p.kept:
			p.next.Stop() // the news that it is kept is on its way
		}
	}
	return core.Paired{Number: "+" + p.device.ID.User, Name: p.device.BusinessName}, nil
}

// happened takes in what whatsmeow tells.
func (p *pairing) happened(ctx context.Context, evt any) error {
	switch e := evt.(type) {
	case *events.QR:
		return p.begin(ctx, e.Codes)
	case *events.PairPasskeyRequest:
		return p.askPasskey(ctx, e.PublicKey)
	case *events.PairPasskeyConfirmation:
		return p.askConfirmation(ctx, e)
	case joined:
		p.kept = e.err == nil
		p.next.Stop()
		p.parting.Reset(partingFor)
		return e.err
	case *events.ManualLoginReconnect:
		p.parted = true
		return nil
	}
	if p.kept {
		return nil
	}
	return p.failure(evt)
}

// begin shows the first code.
func (p *pairing) begin(ctx context.Context, codes []string) error {
	if !p.code {
		p.codes = codes
		return p.showNext(ctx)
	}
	code, err := p.client.PairPhone(ctx, p.link.conf.phone, true, whatsmeow.PairClientChrome, appearAs)
	if err != nil {
		return codeRefused(err)
	}
	p.codes = nil
	p.next.Reset(allCodes)
	return p.talk.Show(ctx, core.PairingStep{State: core.PairingCode, Code: code, Until: p.link.host.Now().Add(allCodes)})
}

// showNext shows the next QR code. After the last one the pairing is over.
func (p *pairing) showNext(ctx context.Context) error {
	if len(p.codes) == 0 {
		return core.Problemf(core.CodeUnavailable, "No phone took the code in time.").Remedied("Have the phone ready, at WhatsApp, Settings, Linked devices, and let a new code be shown.").
			Because(core.PairingTooLate)
	}
	lasts := laterCode
	if len(p.codes) == 6 {
		lasts = firstCode
	}
	code := p.codes[0]
	p.codes = p.codes[1:]
	p.next.Reset(lasts)
	return p.talk.Show(ctx, core.PairingStep{State: core.PairingQR, Code: code, Until: p.link.host.Now().Add(lasts)})
}

// askPasskey has the person prove with a passkey, at WhatsApp's own site, that the account is theirs.
func (p *pairing) askPasskey(ctx context.Context, request *types.WebAuthnPublicKey) error {
	raw, err := json.Marshal(request)
	if err != nil {
		return err
	}
	p.codes = nil
	p.next.Stop()
	step := core.PairingStep{State: core.PairingPasskey, Request: raw, Origin: webOrigin, Until: p.link.host.Now().Add(passkeyFor)}
	return p.ask(ctx, step)
}

func (p *pairing) askConfirmation(ctx context.Context, e *events.PairPasskeyConfirmation) error {
	if e.SkipHandoffUX {
		return p.confirm(ctx)
	}
	return p.ask(ctx, core.PairingStep{State: core.PairingConfirm, Code: e.Code, Until: p.link.host.Now().Add(passkeyFor)})
}

// ask shows a step that wants an answer. One that comes after WhatsApp has lost patience is answered by WhatsApp.
func (p *pairing) ask(ctx context.Context, step core.PairingStep) error {
	if err := p.talk.Show(ctx, step); err != nil {
		return err
	}
	go func() {
		answer, err := p.talk.Answer(ctx)
		select {
		case p.replies <- reply{answer, err}:
		case <-ctx.Done():
		}
	}()
	return nil
}

// replied hands a person's answer to WhatsApp.
func (p *pairing) replied(ctx context.Context, r reply) error {
	switch {
	case r.err != nil:
		return r.err
	case r.answer.Passkey != nil:
		return p.prove(ctx, r.answer.Passkey)
	case !r.answer.Agreed:
		return core.Problemf(core.CodeForbidden, "The codes were not the same, and nothing was linked.").Remedied("Begin again, with the phone at hand.").Because(core.PairingNotSame)
	}
	return p.confirm(ctx)
}

func (p *pairing) prove(ctx context.Context, credential []byte) error {
	var answer types.WebAuthnResponse
	if err := json.Unmarshal(credential, &answer); err != nil || len(answer.RawID) == 0 || len(answer.Response.Signature) == 0 {
		return core.Problemf(core.CodeInvalid, "What was pasted is not the answer of a passkey.").Remedied("Begin again, and paste all that the browser shows, from the first brace to the last.").
			Because(core.PairingNoPasskey)
	}
	if err := p.client.SendPasskeyResponse(ctx, &answer); err != nil {
		return core.Problemf(core.CodeForbidden, "WhatsApp did not take the passkey.").Remedied("Begin again; use the passkey of the account that the phone has.").
			Because(caused(core.PairingNoPasskey, err))
	}
	return nil
}

func (p *pairing) confirm(ctx context.Context) error {
	if err := p.client.SendPasskeyConfirmation(ctx); err != nil {
		return refused(err)
	}
	return p.talk.Show(ctx, core.PairingStep{State: core.PairingFinishing})
}

// failure is nil for events that do not end the pairing.
func (p *pairing) failure(evt any) error {
	switch e := evt.(type) {
	case *events.PairError:
		return p.pairError(e.Error)
	case *events.PairPasskeyError:
		return refused(e.Error)
	case *events.QRScannedWithoutMultidevice:
		return core.Problemf(core.CodeForbidden, "WhatsApp on this phone is too old to link devices.").Remedied("Update WhatsApp on the phone, then let a new code be shown.").Because(core.PairingOldApp)
	case *events.ClientOutdated:
		return core.Problemf(core.CodeUnavailable, "WhatsApp no longer accepts this version of the linked device.").Remedied("%s", outdatedRemedy).Because(core.PairingOutdated)
	case *events.Disconnected:
		return core.Problemf(core.CodeUnavailable, "WhatsApp ended the connection before a phone took the code.").Remedied("Let a new code be shown.").Because(core.PairingUnreachable)
	case *events.TemporaryBan:
		return core.Problemf(core.CodeForbidden, "WhatsApp refuses the number for now.").Remedied("%s", banned(e, p.link.host.Now()).health.Reason).Because(core.PairingBanned)
	case *events.ConnectFailure:
		return refused(errors.New(e.Reason.String()))
	case *events.LoggedOut, *events.StreamReplaced:
		return refused(errors.New("logged out while pairing"))
	}
	return nil
}

func (p *pairing) pairError(err error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.wrong != "" {
		return otherNumber(p.wrong, p.link.conf.phone)
	}
	return refused(err)
}

func otherNumber(scanned, expected string) *core.Problem {
	return core.Problemf(core.CodeConflict, "You used the phone of +%s; this channel expects +%s. Nothing was linked.", scanned, expected).
		Remedied("Use the phone of +%s, or change the channel's phone number.", expected).Because(core.PairingOtherPhone)
}

func refused(err error) *core.Problem {
	return core.Problemf(core.CodeUnavailable, "WhatsApp did not link the device.").Remedied("Begin again. If it lasts, update WhatsApp on the phone, and Causeway.").
		Because(caused(core.PairingRefused, err))
}

func unreachable(err error) *core.Problem {
	return core.Problemf(core.CodeUnavailable, "WhatsApp cannot be reached.").Remedied("See the gateway's network; it needs web.whatsapp.com on port 443. Then begin again.").
		Because(caused(core.PairingUnreachable, err))
}

// codeRefused is about the code that is typed on the phone.
func codeRefused(err error) *core.Problem {
	return core.Problemf(core.CodeUnavailable, "WhatsApp gives no code for this number now.").
		Remedied("Pair by QR code instead. WhatsApp gives few codes an hour, and none to accounts that need a passkey.").Because(caused(core.PairingNoCode, err))
}

// caused is an error with the word for what it ends.
func caused(c core.PairingCause, err error) error { return fmt.Errorf("%w: %w", c, err) }

// sameNumber compares two numbers as digits. Those of some countries are written with a digit more or less than WhatsApp has them.
func sameNumber(a, b string) bool { return plainNumber(a) == plainNumber(b) }

// plainNumber leaves out the mobile digit that Brazil, Mexico and Argentina have, and WhatsApp not always.
func plainNumber(n string) string {
	switch {
	case len(n) == 13 && n[:2] == "55" && n[4] == '9':
		return n[:4] + n[5:]
	case len(n) == 13 && n[:3] == "521":
		return n[:2] + n[3:]
	case len(n) == 13 && n[:3] == "549":
		return n[:2] + n[3:]
	}
	return n
}
