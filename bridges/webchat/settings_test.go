package webchat

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"testing"

	"causeway/bridges/bridgetest"
	"causeway/core"
)

func TestSettings(t *testing.T) {
	for _, c := range []struct{ key, value, field string }{
		{keySite, "a b", keySite}, {keyOrigins, "www.shop.test", keyOrigins}, {keyOrigins, "https://shop.test/chat", keyOrigins}, {keyOrigins, "https://shop.test,", keyOrigins}, {keyOrigins, "*", keyOrigins},
		{keyOrigins, "https://*", keyOrigins}, {keyOrigins, "https://a.*.test", keyOrigins}, {keyOrigins, "ftp://shop.test", keyOrigins}, {keyColor, "blue", keyColor}, {keyLanguage, "tlh", keyLanguage}, {keyAsk, "name, shoe size", keyAsk},
		{keyWhatsApp, "+49 30 1", keyWhatsApp}, {keyEmail, "nobody", keyEmail}, {keyUpload, "11", keyUpload}, {keyUpload, "-1", keyUpload}, {keyUpload, "much", keyUpload}, {keyRequire, "maybe", keyRequire},
		{keyOrigins, "https://shop.test/", ""}, {keyOrigins, "https://*.shop.test, http://localhost:3000", ""}, {keyAsk, " name* ,phone", ""}, {keyUpload, "0", ""}, {keyLanguage, "ar", ""}, {keyRequire, "yes", ""},
	} {
		_, err := Bridge{}.Open(testChannel(), with(c.key, c.value), bridgetest.NewHost(t))
		var p *core.Problem
		switch {
		case c.field == "" && err != nil:
			t.Errorf("%s=%q: %v", c.key, c.value, err)
		case c.field != "" && (!errors.As(err, &p) || p.Field != c.field || p.Remedy == ""):
			t.Errorf("%s=%q: got %#v, want a Problem about %s", c.key, c.value, err, c.field)
		}
	}
	for name, secrets := range map[string][3]string{"short key": {"short", plantedIdentity, keySign}, "short identity": {plantedSign, "short", keyIdentity}, "both the same": {plantedSign, plantedSign, keyIdentity}} {
		s := goodSettings()
		s.Secrets[keySign], s.Secrets[keyIdentity] = core.NewSecret(secrets[0]), core.NewSecret(secrets[1])
		_, err := Bridge{}.Open(testChannel(), s, bridgetest.NewHost(t))
		var p *core.Problem
		if !errors.As(err, &p) || p.Field != secrets[2] {
			t.Errorf("%s: got %v", name, err)
		}
	}
	s := with(keyRequire, yes)
	delete(s.Secrets, keyIdentity)
	var p *core.Problem
	if _, err := (Bridge{}).Open(testChannel(), s, bridgetest.NewHost(t)); !errors.As(err, &p) || p.Field != keyIdentity {
		t.Errorf("identity required without a secret: %v", err)
	}
}

// TestWords: every language says everything, and nothing is left in another's letters.
func TestWords(t *testing.T) {
	for lang, all := range words {
		for key := range words["en"] {
			if all[key] == "" {
				t.Errorf("%s does not say %q", lang, key)
			}
		}
		if len(all) != len(words["en"]) {
			t.Errorf("%s has %d words, English %d", lang, len(all), len(words["en"]))
		}
	}
	c := conf{language: "de"}
	for locale, want := range map[string]string{"ar-SA": "ar", "EN_us": "en", "fr": "de", "": "de", "ru": "ru"} {
		if got := c.speak(locale); got != want {
			t.Errorf("%q: got %s, want %s", locale, got, want)
		}
	}
}

// TestInk: text on the business's colour can be read, whatever colour it is: at least 4.5 to 1.
func TestInk(t *testing.T) {
	for n := 0; n < 1<<24; n += 4099 {
		color := fmt.Sprintf("#%06x", n)
		back, front := luminance(color), luminance(ink(color))
		if ratio := (max(back, front) + 0.05) / (min(back, front) + 0.05); ratio < 4.5 {
			t.Fatalf("%s on %s: %.2f", ink(color), color, ratio)
		}
	}
}

// luminance is WCAG's, exactly.
func luminance(color string) float64 {
	n, _ := strconv.ParseUint(color[1:], 16, 32)
	part := func(n uint64) float64 {
		c := float64(n&255) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*part(n>>16) + 0.7152*part(n>>8) + 0.0722*part(n)
}
