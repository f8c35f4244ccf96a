package whatsapptest

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.mau.fi/whatsmeow"
	wa "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/proto/waAdv"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/util/keys"
	"google.golang.org/protobuf/proto"
)

// codes is how many QR codes a client is given, to show one after the other.
const codes = 6

// pairing is what a client that wants to be linked said of itself.
type pairing struct {
	line         *line
	refs         []string
	identity     []byte
	registration uint32
	signed       *keys.PreKey
	code         *codePairing // nil unless it asked for a code to be typed
}

// register gives a client that is not linked the references for its QR codes.
func (l *line) register() error {
	d := l.payload.GetDevicePairingData()
	p := &pairing{line: l, identity: d.GetEIdent(), registration: binary.BigEndian.Uint32(d.GetERegid())}
	p.signed = preKey(d.GetESkeyID(), d.GetESkeyVal(), d.GetESkeySig())
	var refs []wa.Node
	for range codes {
		ref := "2@" + rand.Text()
		p.refs = append(p.refs, ref)
		refs = append(refs, wa.Node{Tag: "ref", Content: []byte(ref)})
	}
	l.server.change(func() { l.pairing = p })
	return l.send(l.ctx, wa.Node{Tag: "iq", Attrs: wa.Attrs{"from": types.ServerJID, "type": "set", "id": l.server.nextID(), "xmlns": "md"},
		Content: []wa.Node{{Tag: "pair-device", Content: refs}}})
}

// preKey reads a key as it is sent: an id of three bytes, the key, a signature for those that live longer.
func preKey(id, public, signature []byte) *keys.PreKey {
	k := &keys.PreKey{KeyID: binary.BigEndian.Uint32(append(make([]byte, 4-len(id)), id...)), KeyPair: keys.KeyPair{Pub: (*[32]byte)(public)}}
	if len(signature) == 64 {
		k.Signature = (*[64]byte)(signature)
	}
	return k
}

// scanned is what a QR code says.
type scanned struct {
	ref                     string
	noise, identity, secret []byte
}

func readCode(code string) (q scanned, err error) {
	_, data, ok := strings.Cut(code, "#")
	parts := strings.Split(data, ",")
	if !ok || len(parts) != 5 || !strings.HasPrefix(code, "https://wa.me/settings/linked_devices") {
		return q, fmt.Errorf("%q is no code for linking a device", code)
	}
	q.ref = parts[0]
	for i, into := range []*[]byte{&q.noise, &q.identity, &q.secret} {
		if *into, err = base64.StdEncoding.DecodeString(parts[i+1]); err != nil {
			return q, err
		}
	}
	return q, nil
}

// Scan links the device that shows this QR code. It returns when the device is linked and about to log in, or, where a passkey is needed, when the
// device has been told so.
func (p *Phone) Scan(code string) error {
	q, err := readCode(code)
	if err != nil {
		return err
	}
	to := p.server.pairing(func(c *pairing) bool { return slices.Contains(c.refs, q.ref) })
	if to == nil {
		return errors.New("no device shows this code any more")
	}
	if p.passkey {
		return p.askPasskey(to, q)
	}
	return p.link(to, q)
}

// pairing returns the client that waits to be linked and fits.
func (s *Server) pairing(fits func(*pairing) bool) *pairing {
	s.mu.Lock()
	defer s.mu.Unlock()
	for l := range s.lines {
		if l.pairing != nil && fits(l.pairing) {
			return l.pairing
		}
	}
	return nil
}

// link makes the client one of the account's devices: the account vouches for its key, it vouches for the account's.
func (p *Phone) link(to *pairing, q scanned) error {
	d := p.newLinked(to, q)
	identity, container := p.vouch(d, q.secret)
	answer, err := to.line.ask(wa.Node{Tag: "iq", Attrs: wa.Attrs{"from": types.ServerJID, "type": "set", "xmlns": "md", "t": now()},
		Content: []wa.Node{{Tag: "pair-success", Content: []wa.Node{
			{Tag: "device-identity", Content: container},
			{Tag: "biz", Attrs: wa.Attrs{"name": p.business}},
			{Tag: "device", Attrs: wa.Attrs{"jid": d.jid, "lid": d.lid}},
			{Tag: "platform", Attrs: wa.Attrs{"name": "smba"}},
		}}}})
	if err != nil {
		return err
	}
	if text(&answer, "type") == "error" {
		e := answer.GetChildByTag("error")
		return fmt.Errorf("the device does not want to be linked: %s %s", text(&e, "code"), text(&e, "text"))
	}
	if err := p.vouched(d, identity, content(&answer, "pair-device-sign", "device-identity")); err != nil {
		return err
	}
	p.server.change(func() { p.linked, to.line.pairing = append(p.linked, d), nil })
	to.line.say(wa.Node{Tag: "stream:error", Attrs: wa.Attrs{"code": "515"}})
	return nil
}

func (p *Phone) newLinked(to *pairing, q scanned) *linked {
	p.server.mu.Lock()
	defer p.server.mu.Unlock()
	p.numbers++
	d := &linked{phone: p, jid: p.pn, lid: p.lid, noise: q.noise, identity: q.identity, registration: to.registration, signed: to.signed,
		synced: map[string]bool{}}
	d.jid.Device, d.lid.Device = p.numbers, p.numbers
	return d
}

// vouch signs the device's key with the account's, and proves with the secret of the QR code that it was scanned.
func (p *Phone) vouch(d *linked, secret []byte) (*waAdv.ADVSignedDeviceIdentity, []byte) {
	kind, prefix, marked := waAdv.ADVEncryptionType_E2EE, whatsmeow.AdvAccountSignaturePrefix, []byte(nil)
	if p.coexists {
		kind, prefix = waAdv.ADVEncryptionType_HOSTED, whatsmeow.AdvHostedAccountSignaturePrefix
		marked = prefix
	}
	details := mustMarshal(&waAdv.ADVDeviceIdentity{RawID: proto.Uint32(1), Timestamp: proto.Uint64(uint64(time.Now().Unix())),
		KeyIndex: proto.Uint32(uint32(d.jid.Device)), AccountType: &kind, DeviceType: &kind})
	account := p.device.keys.IdentityKey
	identity := &waAdv.ADVSignedDeviceIdentity{Details: details, AccountSignatureKey: account.Pub[:], AccountSignature: sign(account, prefix, details, d.identity)}
	raw := mustMarshal(identity)
	mac := hmac.New(sha256.New, secret)
	mac.Write(marked)
	mac.Write(raw)
	return identity, mustMarshal(&waAdv.ADVSignedDeviceIdentityHMAC{Details: raw, HMAC: mac.Sum(nil), AccountType: &kind})
}

// vouched checks the device's own signature.
func (p *Phone) vouched(d *linked, sent *waAdv.ADVSignedDeviceIdentity, raw []byte) error {
	var got waAdv.ADVSignedDeviceIdentity
	if err := proto.Unmarshal(raw, &got); err != nil {
		return err
	}
	if !signed(d.identity, got.GetDeviceSignature(), whatsmeow.AdvDeviceSignaturePrefix, sent.GetDetails(), d.identity, sent.GetAccountSignatureKey()) {
		return errors.New("the device's signature is wrong")
	}
	return nil
}

// Linked is how many devices are linked to the phone.
func (p *Phone) Linked() int {
	p.server.mu.Lock()
	defer p.server.mu.Unlock()
	return len(p.linked)
}

// Paired waits until a device has been linked to the phone.
func (p *Phone) Paired() {
	p.server.t.Helper()
	await(p.server, "a device to be linked", func() (bool, bool) { return true, len(p.linked) > 0 })
}
