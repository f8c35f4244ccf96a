package mail

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"
)

// element writes BER: with its length or, where that is open, with an end mark.
func element(open bool, tag byte, parts ...[]byte) []byte {
	body := slices.Concat(parts...)
	n := len(body)
	switch {
	case open:
		return slices.Concat([]byte{tag, 0x80}, body, []byte{0, 0})
	case n < 0x80:
		return append([]byte{tag, byte(n)}, body...)
	}
	return append([]byte{tag, 0x82, byte(n >> 8), byte(n)}, body...)
}

// signed packs a mail up as programs do: in one piece, or as a stream in several.
func signed(mail string, stream bool) []byte {
	content := element(false, tagOctets, []byte(mail))
	if stream {
		half := len(mail) / 2
		content = element(true, tagManyOctets, element(false, tagOctets, []byte(mail[:half])), element(false, tagOctets, []byte(mail[half:])))
	}
	data := element(false, tagObject, []byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01})
	inner := element(stream, tagSequence, element(false, 0x02, []byte{1}), element(false, 0x31), element(stream, tagSequence, data, element(stream, tagExplicit, content)), element(false, 0x31))
	return element(stream, tagSequence, element(false, tagObject, signedData), element(stream, tagExplicit, inner))
}

func sealedBy(der []byte, kind string) []byte {
	return []byte("From: ana@x.example\r\nSubject: Signed\r\nMIME-Version: 1.0\r\nContent-Type: application/pkcs7-mime; smime-type=" + kind + "; name=smime.p7m\r\n" +
		"Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=smime.p7m\r\n\r\n" + base64.StdEncoding.EncodeToString(der) + "\r\n")
}

// TestPackedBySignature: a mail inside its S/MIME signature is read, with its files.
func TestPackedBySignature(t *testing.T) {
	inside := "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nWhich size?\r\n--b\r\nContent-Type: image/png; name=a.png\r\nContent-Disposition: attachment\r\n\r\npixels\r\n--b--\r\n"
	for _, stream := range []bool{false, true} {
		in, err := Parse(sealedBy(signed(inside, stream), "signed-data"))
		if err != nil || in.Subject != "Signed" || in.Text != "Which size?" || in.Signed != "application/pkcs7-signature" || len(in.Files) != 1 || in.Files[0].Name != "a.png" || string(in.Files[0].Data) != "pixels" {
			t.Errorf("stream %v: got %+v, %v", stream, in, err)
		}
	}
	whole := signed(inside, true)
	deep := []byte("Content-Type: text/plain\r\n\r\ndeep")
	for range 6 {
		deep = sealedBy(signed(string(deep), false), "signed-data")
	}
	for name, mail := range map[string][]byte{"cut": sealedBy(whole[:len(whole)/2], "signed-data"), "another kind": sealedBy(element(false, tagSequence, element(false, tagObject, []byte{42, 1})), "enveloped-data"),
		"nothing inside": sealedBy(signed("", false), "signed-data"), "no BER": sealedBy([]byte(strings.Repeat("\x30\x80", 500)), "signed-data"), "empty": sealedBy(nil, "signed-data"), "too deep": deep} {
		if in, err := Parse(mail); err != nil || len(in.Files) != 1 || in.Files[0].Name != "smime.p7m" {
			t.Errorf("%s: got %+v, %v", name, in, err)
		}
	}
}

func FuzzPacked(f *testing.F) {
	f.Add(signed("x", false))
	f.Add(signed("x", true))
	f.Add([]byte(strings.Repeat("\x24\x80", 50)))
	f.Fuzz(func(t *testing.T, der []byte) {
		if got := packed(der); len(got) > len(der) {
			t.Errorf("%d bytes of %d", len(got), len(der))
		}
	})
}
