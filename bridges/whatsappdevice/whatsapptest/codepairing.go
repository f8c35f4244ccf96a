package whatsapptest

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"slices"
	"strings"
	"time"

	wa "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/util/gcmutil"
	"go.mau.fi/whatsmeow/util/hkdfutil"
	"go.mau.fi/whatsmeow/util/keys"
	"golang.org/x/crypto/curve25519"
	"golang.org/x/crypto/pbkdf2"
)

// codePairing is a client's wish to be linked by a code that the owner types on the phone.
type codePairing struct {
	user    string // whose phone
	ref     string
	wrapped []byte // the client's passing key, hidden by the code
	finish  chan wa.Node
}

const codeTag = "link_code_companion_reg"

// codeQuery is the client's part of pairing by code: its wish, and later its keys.
func (l *line) codeQuery(n, reg *wa.Node) {
	switch text(reg, "stage") {
	case "companion_hello":
		c := &codePairing{user: jid(reg, "jid").User, ref: "code@" + rand.Text(), wrapped: content(reg, "link_code_pairing_wrapped_companion_ephemeral_pub"),
			finish: make(chan wa.Node, 1)}
		l.server.change(func() {
			if l.pairing != nil {
				l.pairing.code = c
			}
		})
		l.answer(n, wa.Node{Tag: codeTag, Content: []wa.Node{{Tag: "link_code_pairing_ref", Content: []byte(c.ref)}}})
	case "companion_finish":
		l.server.mu.Lock()
		c := l.pairing.code
		l.server.mu.Unlock()
		l.answer(n)
		c.finish <- *reg
	default:
		l.deny(n, 400, "bad-request")
	}
}

// EnterCode links the device that shows this code for the phone's number.
func (p *Phone) EnterCode(code string) error {
	to := p.server.pairing(func(c *pairing) bool { return c.code != nil && c.code.user == p.pn.User })
	if to == nil {
		return errors.New("no device waits for a code from this phone")
	}
	code = strings.ReplaceAll(code, "-", "")
	own := keys.NewKeyPair()
	shared, err := curve25519.X25519(own.Priv[:], unwrap(code, to.code.wrapped))
	if err != nil {
		return err
	}
	to.line.say(wa.Node{Tag: "notification", Attrs: wa.Attrs{"from": types.ServerJID, "type": codeTag, "id": p.server.nextID(), "t": now()},
		Content: []wa.Node{{Tag: codeTag, Attrs: wa.Attrs{"stage": "primary_hello"}, Content: []wa.Node{
			{Tag: "link_code_pairing_ref", Content: []byte(to.code.ref)},
			{Tag: "link_code_pairing_wrapped_primary_ephemeral_pub", Content: wrap(code, own.Pub[:])},
			{Tag: "primary_identity_pub", Content: p.device.keys.IdentityKey.Pub[:]},
		}}}})
	var finish wa.Node
	select {
	case finish = <-to.code.finish:
	case <-time.After(patience):
		return errors.New("the device did not go on with the pairing")
	}
	identity, secret, err := p.unpackKeys(shared, content(&finish, "link_code_pairing_wrapped_key_bundle"))
	if err != nil {
		return err
	}
	return p.link(to, scanned{noise: to.line.client, identity: identity, secret: secret})
}

// unpackKeys reads the device's identity, and makes the secret of the pairing.
func (p *Phone) unpackKeys(shared, packed []byte) (identity, secret []byte, err error) {
	if len(packed) < 44 {
		return nil, nil, errors.New("the device sent no keys")
	}
	key := hkdfutil.SHA256(shared, packed[:32], []byte("link_code_pairing_key_bundle_encryption_key"), 32)
	plain, err := gcmutil.Decrypt(key, packed[32:44], packed[44:], nil)
	if err != nil || len(plain) != 96 {
		return nil, nil, errors.New("this is not the code that the device shows")
	}
	identity = plain[:32]
	between, err := curve25519.X25519(p.device.keys.IdentityKey.Priv[:], identity)
	if err != nil {
		return nil, nil, err
	}
	return identity, hkdfutil.SHA256(slices.Concat(shared, between, plain[64:]), nil, []byte("adv_secret"), 32), nil
}

// wrap hides a key by a code: salt, initial vector and the key itself.
func wrap(code string, key []byte) []byte {
	out := make([]byte, 80)
	_, _ = rand.Read(out[:48])
	codeStream(code, out).XORKeyStream(out[48:], key)
	return out
}

func unwrap(code string, wrapped []byte) []byte {
	key := make([]byte, 32)
	codeStream(code, wrapped).XORKeyStream(key, wrapped[48:80])
	return key
}

func codeStream(code string, wrapped []byte) cipher.Stream {
	block, err := aes.NewCipher(pbkdf2.Key([]byte(code), wrapped[:32], 2<<16, 32, sha256.New))
	if err != nil {
		panic(err) // the key has 32 bytes
	}
	return cipher.NewCTR(block, wrapped[32:48])
}
