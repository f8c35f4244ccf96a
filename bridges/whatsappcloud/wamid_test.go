package whatsappcloud

import (
	"encoding/base64"
	"testing"
)

func TestStanza(t *testing.T) {
	for wamid, want := range map[string]string{
		"wamid.HBgMOTE3NTA2MDgwNDgwFQIAEhgUM0ExNDdBQ0ZEODQ3NTQ4MENDMzkA":                   "3A147ACFD8475480CC39",
		"wamid.HBgLMTY1MDUwNzY1MjAVAgARGBI5QTNDQTVCM0Q0Q0Q2RTY3RTcA":                       "9A3CA5B3D4CD6E67E7",
		"wamid.HBgLMjMwNTI1MTcxMzAVAgARGBRDRTkwRDY4MTMxRTUzNzc3NDlGQQA=":                   "CE90D68131E5377749FA",
		"wamid.HBgLMTk4MzU1NTE5NzQVAgASGAoxMTgyMDg2MjY3AA==":                               "1182086267",
		"wamid." + made("CO.1112947687726965", 0x14, 0x12, "AC38425F00112233445566778899"): "AC38425F00112233445566778899",
		"HBgLMTk4MzU1NTE5NzQVAgASGAoxMTgyMDg2MjY3AA==":                                     "",
		"wamid.":           "",
		"wamid.HBgL":       "",
		"wamid.not base64": "",
		"wamid.xyzxyz":     "",
		"wamid." + made("1", 2, 0x13, "3EB0AAAA"):      "",
		"wamid." + made("1", 2, 0x12, "3E"):            "",
		"wamid." + made("1", 2, 0x12, "3EB0\nAAAA"):    "",
		"wamid." + made("1", 2, 0x12, "3EB0AA") + "AA": "",
		"41": "",
		"":   "",
	} {
		if got := stanza(wamid); got != want {
			t.Errorf("%s: got %q, want %q", wamid, got, want)
		}
	}
}

func made(remote string, kind, side byte, id string) string {
	b := append([]byte{0x1c, 0x18, byte(len(remote))}, remote...)
	b = append(b, 0x15, kind, 0, side, 0x18, byte(len(id)))
	return base64.RawStdEncoding.EncodeToString(append(append(b, id...), 0))
}

func FuzzStanza(f *testing.F) {
	f.Add("wamid.HBgMOTE3NTA2MDgwNDgwFQIAEhgUM0ExNDdBQ0ZEODQ3NTQ4MENDMzkA")
	f.Add("wamid.HBgLMTk4MzU1NTE5NzQVAgASGAoxMTgyMDg2MjY3AA==")
	f.Add("wamid.GP8=")
	f.Fuzz(func(t *testing.T, wamid string) {
		id := stanza(wamid)
		for i := range len(id) {
			if id[i] <= ' ' || id[i] > '~' {
				t.Fatalf("%q has an id that is no plain text: %q", wamid, id)
			}
		}
		if id != "" && len(id) < 4 {
			t.Fatalf("%q has too short an id: %q", wamid, id)
		}
	})
}
