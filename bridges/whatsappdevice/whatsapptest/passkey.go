package whatsapptest

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	wa "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/proto/waCompanionReg"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/util/gcmutil"
	"go.mau.fi/whatsmeow/util/hkdfutil"
	"go.mau.fi/whatsmeow/util/keys"
	"golang.org/x/crypto/curve25519"
	"google.golang.org/protobuf/proto"
)

// passkeyFlow is a pairing that waits for the owner's passkey.
type passkeyFlow struct {
	to         *pairing
	scanned    scanned
	challenge  []byte
	credential []byte
	ref        string

	own        *keys.KeyPair // the phone's passing key
	nonce      []byte
	identity   *waCompanionReg.CompanionEphemeralIdentity
	told       []byte // identity as it came
	commitment []byte // what the client will have to open
	code       string // shown on the phone once the client has
}

// askPasskey tells a device whose code was scanned that a passkey is needed.
func (p *Phone) askPasskey(to *pairing, q scanned) error {
	f := &passkeyFlow{to: to, scanned: q, challenge: random(), credential: random(), ref: "passkey@" + rand.Text()}
	options, err := json.Marshal(&types.WebAuthnPublicKey{Challenge: f.challenge, Timeout: 600_000, RelyingPartID: "whatsapp.com", UserVerification: "required",
		AllowCredentials: []types.AllowedCredential{{ID: f.credential, Type: "public-key", Transports: []string{"internal", "hybrid"}}}})
	if err != nil {
		return err
	}
	p.server.change(func() { p.proof = f })
	to.line.say(wa.Node{Tag: "notification", Attrs: wa.Attrs{"from": types.ServerJID, "type": "passkey_prologue_request", "id": p.server.nextID(), "t": now()},
		Content: []wa.Node{{Tag: "passkey_request_options", Content: options}}})
	return nil
}

func random() []byte {
	b := make([]byte, 32)
	_, _ = rand.Read(b)
	return b
}

// Authenticate answers WhatsApp's request as the owner's browser does after the owner has touched the key.
func (p *Phone) Authenticate(request *types.WebAuthnPublicKey) *types.WebAuthnResponse {
	client, err := json.Marshal(map[string]string{"type": "webauthn.get", "challenge": base64.RawURLEncoding.EncodeToString(request.Challenge),
		"origin": "https://web.whatsapp.com"})
	if err != nil {
		p.server.t.Fatal(err)
	}
	id := request.AllowCredentials[0].ID
	return &types.WebAuthnResponse{ID: base64.RawURLEncoding.EncodeToString(id), RawID: id, Type: "public-key", Response: types.WebAuthnResponseData{
		ClientDataJSON: client, AuthenticatorData: []byte("present and verified"), Signature: p.touch(client)}}
}

// touch is the signature of the owner's passkey.
func (p *Phone) touch(client []byte) []byte { return sign(p.device.keys.IdentityKey, client) }

// PasskeyCode is the code that the phone shows, for the owner to compare with the device's.
func (p *Phone) PasskeyCode() string {
	p.server.t.Helper()
	return await(p.server, "the code of a pairing with passkey", func() (string, bool) {
		if p.proof == nil {
			return "", false
		}
		return p.proof.code, p.proof.code != ""
	})
}

// proving is the passkey flow that a client is in, and the phone's; nil if it is in none.
func (l *line) proving() (*Phone, *passkeyFlow) {
	l.server.mu.Lock()
	defer l.server.mu.Unlock()
	for _, p := range l.server.phones {
		if p.proof != nil && p.proof.to.line == l {
			return p, p.proof
		}
	}
	return nil, nil
}

// passkeyQuery is the client's part of pairing with a passkey.
func (l *line) passkeyQuery(n, child *wa.Node) {
	p, f := l.proving()
	if f == nil {
		l.deny(n, 400, "bad-request")
		return
	}
	var err error
	switch child.Tag {
	case "ref":
		l.answer(n, wa.Node{Tag: "ref", Content: []byte(f.ref)})
		return
	case "passkey_prologue":
		err = f.prologue(p, child)
	case "companion_nonce":
		err = l.opened(f, content(n, "companion_nonce"))
	case "encrypted_pairing_request":
		var q scanned
		if q, err = f.request(content(n, "encrypted_pairing_request")); err == nil {
			l.server.serving.Go(func() {
				if err := p.link(f.to, q); err != nil {
					l.server.t.Errorf("link after a passkey: %v", err)
				}
			})
		}
	}
	if err != nil {
		l.server.t.Logf("pairing with a passkey: %v", err)
		l.deny(n, 401, "not-authorized")
		return
	}
	l.answer(n)
	if child.Tag == "passkey_prologue" {
		l.say(wa.Node{Tag: "notification", Attrs: wa.Attrs{"from": types.ServerJID, "type": "crsc_continuation", "id": l.server.nextID(), "t": now()},
			Content: []wa.Node{{Tag: "primary_ephemeral_identity", Content: mustMarshal(&waCompanionReg.PrimaryEphemeralIdentity{PublicKey: f.own.Pub[:], Nonce: f.nonce})}}})
	}
}

// prologue checks the passkey and what the client binds itself to.
func (f *passkeyFlow) prologue(p *Phone, n *wa.Node) error {
	var assertion types.WebAuthnResponse
	if err := json.Unmarshal(content(n, "webauthn_assertion"), &assertion); err != nil {
		return err
	}
	var client struct{ Challenge, Origin string }
	if err := json.Unmarshal(assertion.Response.ClientDataJSON, &client); err != nil {
		return err
	}
	switch {
	case client.Challenge != base64.RawURLEncoding.EncodeToString(f.challenge) || client.Origin != "https://web.whatsapp.com":
		return fmt.Errorf("the passkey answers another challenge: %+v", client)
	case !bytes.Equal(assertion.RawID, f.credential) || !bytes.Equal(content(n, "credential_id"), f.credential):
		return errors.New("another passkey answered")
	case !signed(p.device.keys.IdentityKey.Pub[:], assertion.Response.Signature, assertion.Response.ClientDataJSON):
		return errors.New("the passkey's signature is wrong")
	}
	raw := content(n, "prologue_payload")
	mac := hmac.New(sha256.New, hkdfutil.SHA256(f.scanned.secret, nil, []byte("shortcake-passkey-handoff-v1"), 32))
	mac.Write(raw)
	if !hmac.Equal(mac.Sum(nil), content(n, "pairing_handoff_proof")) {
		return errors.New("it is not the device whose code was scanned")
	}
	var prologue waCompanionReg.ProloguePayload
	if err := proto.Unmarshal(raw, &prologue); err != nil {
		return err
	}
	f.told, f.commitment, f.identity = prologue.GetCompanionEphemeralIdentity(), prologue.GetCommitment().GetHash(), &waCompanionReg.CompanionEphemeralIdentity{}
	f.own, f.nonce = keys.NewKeyPair(), random()
	return proto.Unmarshal(f.told, f.identity)
}

// opened checks the number by which the client had bound itself, and shows the code that both sides can now compute.
func (l *line) opened(f *passkeyFlow, nonce []byte) error {
	if sum := sha256.Sum256(slices.Concat(f.told, nonce)); !bytes.Equal(sum[:], f.commitment) {
		return errors.New("the client bound itself to another number")
	}
	digest := sha256.Sum256(slices.Concat(nonce, f.own.Pub[:]))
	code := make([]byte, 5)
	for i := range code {
		code[i] = f.nonce[i] ^ digest[i]
	}
	shown := base32.NewEncoding("123456789ABCDEFGHJKLMNPQRSTVWXYZ").EncodeToString(code)
	l.server.change(func() { f.code = shown[:4] + "-" + shown[4:] })
	return nil
}

// request reads the keys of the device, which it sends once its owner has compared the codes.
func (f *passkeyFlow) request(raw []byte) (q scanned, err error) {
	shared, err := curve25519.X25519(f.own.Priv[:], f.identity.GetPublicKey())
	if err != nil {
		return q, err
	}
	salt := fmt.Sprintf("Companion Pairing %d with ref %s", f.identity.GetDeviceType(), f.identity.GetRef())
	key := hkdfutil.SHA256(shared, []byte(salt), []byte("Pairing Information Encryption Key"), 32)
	var sealed waCompanionReg.EncryptedPairingRequest
	if err := proto.Unmarshal(raw, &sealed); err != nil {
		return q, err
	}
	plain, err := gcmutil.Decrypt(key, sealed.GetIV(), sealed.GetEncryptedPayload(), nil)
	if err != nil {
		return q, err
	}
	var keys waCompanionReg.PairingRequest
	err = proto.Unmarshal(plain, &keys)
	return scanned{noise: keys.GetCompanionPublicKey(), identity: keys.GetCompanionIdentityKey(), secret: keys.GetAdvSecret()}, err
}
