package simulator

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

type obj = map[string]any

// value is the common part of what stands in a change.
func (b *Business) value() obj {
	return obj{
		"messaging_product": "whatsapp",
		"metadata": obj{
			"display_phone_number": onlyDigits(b.acc.DisplayNumber),
			"phone_number_id":      b.acc.PhoneNumberID,
		},
	}
}

// Envelope wraps values of one field into the body of a webhook, each as a change of its own.
func (b *Business) Envelope(field string, values ...map[string]any) []byte {
	changes := make([]obj, len(values))
	for i, v := range values {
		changes[i] = obj{"field": field, "value": v}
	}
	return b.envelope(changes)
}

func (b *Business) envelope(changes []obj) []byte { return b.envelopeAt(changes, b.sim.Now()) }

func (b *Business) envelopeAt(changes []obj, at time.Time) []byte {
	return encode(obj{
		"object": "whatsapp_business_account",
		"entry":  []obj{{"id": b.acc.WABA, "time": at.Unix(), "changes": changes}},
	})
}

// Sign computes X-Hub-Signature-256 over a body with the app secret.
func (b *Business) Sign(body []byte) string {
	return sign(b.Account().AppSecret, body)
}

func sign(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

// encode writes JSON as Meta does: all of it ASCII, slashes escaped.
func encode(v any) []byte {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(fmt.Sprintf("simulator: encode webhook: %v", err)) // only our own maps come here
	}
	return escape(bytes.TrimSuffix(buf.Bytes(), []byte("\n")))
}

func escape(raw []byte) []byte {
	out := make([]byte, 0, len(raw)+len(raw)/8)
	for len(raw) > 0 {
		r, size := utf8.DecodeRune(raw)
		switch {
		case r == '/':
			out = append(out, '\\', '/')
		case r < utf8.RuneSelf:
			out = append(out, byte(r))
		case r > 0xffff:
			hi, lo := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, hi, lo)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		raw = raw[size:]
	}
	return out
}

func unix(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }

// number is a decimal id as a JSON number of any length.
func number(id string) json.Number { return json.Number(id) }
