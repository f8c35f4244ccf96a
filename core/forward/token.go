package forward

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"strings"
	"time"

	"causeway/core"

	"github.com/google/uuid"
)

const (
	tokenVersion = 1
	macLength    = 12
	claimsLength = 2 + 16 + 4 + 2 // version and key, conversation, agent, expiry
)

// purpose keeps the kinds of addresses apart: a token of one is none of another.
type purpose byte

const (
	toReply   purpose = 'r' // agents answer to it
	toBounce  purpose = 'b' // the return path of our mails
	toVisitor purpose = 'v' // visitors who have left a chat answer to it
)

// tag is what a token says of its agent. It changes with the agent's epoch, so that raising that revokes all tokens.
type tag [4]byte

// claims are what a token says.
type claims struct {
	purpose      purpose
	conversation core.ConversationID
	agent        tag
	expires      time.Time // the start of the first day on which it is not valid
}

// signer makes and checks the tokens of addresses. The first key signs, all of them verify.
type signer struct{ keys [][]byte }

var tokenText = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

func (s signer) sum(key []byte, parts ...[]byte) []byte {
	mac := hmac.New(sha256.New, key)
	for _, p := range parts {
		_ = binary.Write(mac, binary.BigEndian, uint32(len(p))) //nolint:gosec // a few bytes; a hash takes everything
		mac.Write(p)
	}
	return mac.Sum(nil)
}

// keyID names a key without telling it.
func (s signer) keyID(key []byte) byte { return s.sum(key, []byte("key id"))[0] }

func (s signer) tag(key []byte, a core.Agent) (t tag) {
	var epoch [8]byte
	binary.BigEndian.PutUint64(epoch[:], uint64(a.Epoch)) //nolint:gosec // any bits will do
	copy(t[:], s.sum(key, []byte("agent"), []byte(a.Workspace), []byte(a.ID), epoch[:]))
	return t
}

// is reports whether a tag, made with any of the keys, is the agent's.
func (s signer) is(t tag, a core.Agent) bool {
	for _, key := range s.keys {
		if have := s.tag(key, a); hmac.Equal(have[:], t[:]) {
			return true
		}
	}
	return false
}

// token returns what stands behind the "+" of an agent's address.
func (s signer) token(p purpose, id core.ConversationID, a core.Agent, expires time.Time) (string, error) {
	return s.sealed(p, id, s.tag(s.keys[0], a), expires)
}

// sealed is a token for whom a tag stands for. The time of expiry is rounded up to a whole day (UTC).
func (s signer) sealed(p purpose, id core.ConversationID, whose tag, expires time.Time) (string, error) {
	conv, err := uuid.Parse(string(id))
	if err != nil {
		return "", err
	}
	key := s.keys[0]
	days := (expires.Unix() + 86399) / 86400
	raw := append([]byte{tokenVersion, s.keyID(key)}, conv[:]...)
	raw = append(raw, whose[:]...)
	raw = binary.BigEndian.AppendUint16(raw, uint16(min(max(days, 0), 65535))) //nolint:gosec // bounded
	return tokenText.EncodeToString(append(raw, s.mac(key, p, raw)...)), nil
}

func (s signer) mac(key []byte, p purpose, raw []byte) []byte {
	return s.sum(key, []byte("address"), []byte{byte(p)}, raw)[:macLength]
}

// open reads a token. It is false for anything that none of our keys signed for this purpose; expired ones are opened.
func (s signer) open(p purpose, text string) (claims, bool) {
	text = strings.ToLower(text)
	raw, err := tokenText.DecodeString(text)
	if err != nil || len(raw) != claimsLength+macLength || raw[0] != tokenVersion || tokenText.EncodeToString(raw) != text {
		return claims{}, false
	}
	said, mac := raw[:claimsLength], raw[claimsLength:]
	for _, key := range s.keys {
		if s.keyID(key) == said[1] && hmac.Equal(s.mac(key, p, said), mac) {
			return read(p, said), true
		}
	}
	return claims{}, false
}

func read(p purpose, said []byte) claims {
	c := claims{purpose: p, conversation: core.ConversationID(uuid.UUID(said[2:18]).String())}
	copy(c.agent[:], said[18:22])
	c.expires = time.Unix(int64(binary.BigEndian.Uint16(said[22:]))*86400, 0).UTC()
	return c
}

// address returns the address of a purpose for a conversation and an agent.
func (f *Forwarder) address(p purpose, id core.ConversationID, a core.Agent, expires time.Time) (string, error) {
	token, err := f.signer.token(p, id, a, expires)
	if err != nil {
		return "", err
	}
	return string(p) + "+" + token + "@" + f.Domain, nil
}

// claimsOf reads an address of ours. It is false for any that is not.
func (f *Forwarder) claimsOf(address string) (claims, bool) {
	address = strings.Trim(strings.TrimSpace(address), "<>")
	if !f.within(address) {
		return claims{}, false
	}
	local, _, _ := strings.Cut(address, "@")
	return f.claimsIn(local)
}

// claimsIn reads the part of an address before the "@".
func (f *Forwarder) claimsIn(local string) (claims, bool) {
	kind, token, ok := strings.Cut(local, "+")
	if !ok || len(kind) != 1 {
		return claims{}, false
	}
	p := purpose(strings.ToLower(kind)[0])
	if p != toReply && p != toBounce && p != toVisitor {
		return claims{}, false
	}
	return f.signer.open(p, token)
}
