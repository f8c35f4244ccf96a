package email

import (
	"regexp"
	"slices"
	"strings"

	"causeway/core"
)

// How a mail is signed or encrypted is told below its text. Nothing of it is checked or opened: the gateway holds nobody's keys.

var (
	signatures  = []string{"application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature"}
	envelopes   = []string{"application/pkcs7-mime", "application/x-pkcs7-mime"}
	pgpEnvelope = "application/pgp-encrypted" // beside it is what it announces
)

// mute reports whether a file is for programs alone: it proves or announces another part, or is a reaction.
func mute(f File) bool {
	return f.MIME == core.MailReaction || f.MIME == pgpEnvelope || slices.Contains(signatures, f.MIME) || strings.EqualFold(f.Name, "smime.p7s")
}

// protection says how a mail is signed or encrypted, "" if it is not.
func protection(m Letter) string {
	kinds := []string{m.Type, m.Signed}
	for _, f := range m.Files {
		kinds = append(kinds, f.MIME)
		if strings.EqualFold(f.Name, "smime.p7s") {
			kinds = append(kinds, signatures[0])
		}
	}
	has := func(any ...string) bool {
		return slices.ContainsFunc(kinds, func(kind string) bool { return slices.Contains(any, kind) })
	}
	switch {
	case has(envelopes...) && m.Signed == "" && strings.Contains(m.first("Content-Type"), "signed-data"):
		return "(The mail is signed by S/MIME in a way that packs it up: what it says is in the file. The signature was not checked.)"
	case has(envelopes...) && m.Signed == "":
		return "(The mail is sealed by S/MIME: what it says is in the file.)"
	case has("multipart/encrypted", pgpEnvelope):
		return "(The mail is encrypted with PGP: what it says is in the file.)"
	case strings.Contains(m.Text, "-----BEGIN PGP MESSAGE-----"):
		return "(The mail is encrypted with PGP: only who has the key can read it.)"
	case has(signatures[:2]...):
		return "(The mail is signed by S/MIME. The signature was not checked.)"
	case has(signatures[2]), armoured.MatchString(m.Text):
		return "(The mail is signed with PGP. The signature was not checked.)"
	}
	return ""
}

// armoured is a text with a signature of PGP's around it.
var armoured = regexp.MustCompile(`(?s)-----BEGIN PGP SIGNED MESSAGE-----\n(?:[A-Za-z-]+: [^\n]*\n)*\n(.*?)\n?-----BEGIN PGP SIGNATURE-----.*?(?:-----END PGP SIGNATURE-----|\z)`)

// escaped is what PGP puts before lines that begin with a dash.
var escaped = regexp.MustCompile(`(?m)^- `)

// unarmoured is a text without such a signature.
func unarmoured(text string) string {
	return armoured.ReplaceAllStringFunc(text, func(whole string) string {
		return escaped.ReplaceAllString(armoured.FindStringSubmatch(whole)[1], "")
	})
}
