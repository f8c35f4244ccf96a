package sms

import (
	_ "embed"
	"encoding/json"
	"slices"
	"strings"
	"unicode"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/text/unicode/norm"

	"causeway/core"
)

//go:embed optout.json
var optOutData []byte

// Wish is what a message of one word asks for.
type Wish string

const (
	WishNone  Wish = ""
	WishStop  Wish = "stop"  // send nothing more
	WishStart Wish = "start" // send again
	WishHelp  Wish = "help"
)

// language is what people of a language write, and what to answer.
type language struct {
	Stop    []string `json:"stop"`
	Start   []string `json:"start"`
	Help    []string `json:"help"`
	Stopped string   `json:"stopped"` // answer to a stop
	Started string   `json:"started"`
}

// Words are the words that one channel listens to: English ones from everybody, those of a country from its numbers and, for the channel's own
// country, from everybody.
type Words struct {
	languages map[string]map[string]meaning
	countries map[string][]string
	home      string
}

type meaning struct {
	wish    Wish
	confirm string
}

// WordsFor returns the words of a channel in a country, which may be empty, with the extra stop words of an admin.
func WordsFor(country string, extra ...string) Words {
	var file struct {
		Languages map[string]language `json:"languages"`
		Countries map[string][]string `json:"countries"`
	}
	if err := json.Unmarshal(optOutData, &file); err != nil {
		panic("optout.json: " + err.Error()) // embedded: a test would have failed
	}
	w := Words{languages: map[string]map[string]meaning{}, countries: file.Countries, home: strings.ToUpper(country)}
	for code, l := range file.Languages {
		w.languages[code] = l.meanings()
	}
	for _, word := range extra {
		if f := folded(word); f != "" {
			w.languages["en"][f] = meaning{WishStop, file.Languages["en"].Stopped}
		}
	}
	return w
}

func (l language) meanings() map[string]meaning {
	all := map[string]meaning{}
	add := func(words []string, m meaning) {
		for _, word := range words {
			all[folded(word)] = m
		}
	}
	add(l.Help, meaning{WishHelp, ""})
	add(l.Start, meaning{WishStart, l.Started})
	add(l.Stop, meaning{WishStop, l.Stopped})
	return all
}

// longest is the most that a message of one word may have, in bytes.
const longest = 64

// Read tells what a message asks for, and how to confirm it: only one that is nothing but such a word, however it is written, asks for anything.
// The sender's number may be "".
func (w Words) Read(text, number string) (Wish, string) {
	if len(text) > longest {
		return WishNone, ""
	}
	word := folded(text)
	for _, code := range slices.Concat([]string{"en"}, w.countries[w.home], w.countries[regionOf(number)]) {
		if m, ok := w.languages[code][word]; ok {
			return m.wish, m.confirm
		}
	}
	return WishNone, ""
}

func regionOf(number string) string {
	num, err := phonenumbers.Parse("+"+number, "ZZ")
	if err != nil {
		return ""
	}
	return phonenumbers.GetRegionCodeForNumber(num)
}

// Preference returns the event that a message's wish makes beside the message itself. It is false when there is no wish that changes anything.
// The provider may have answered already: then nothing is to be confirmed.
func (w Words) Preference(message core.Event, answered bool) (core.Event, bool) {
	text, number := message.Message.Content.Text, ""
	for _, k := range message.Peer.Identities {
		if k.Scheme == core.SchemePhone {
			number = k.Value
			break
		}
	}
	wish, confirm := w.Read(text, number)
	if wish != WishStop && wish != WishStart {
		return core.Event{}, false
	}
	if answered {
		confirm = ""
	}
	return Prefer(message, wish == WishStop, text, confirm), true
}

// Prefer returns the event of somebody who wants nothing more, or to get messages again.
func Prefer(message core.Event, stop bool, detail, confirm string) core.Event {
	return core.Event{Kind: core.EventPreference, ID: "wish:" + message.ID, Account: message.Account, At: message.At, Origin: core.OriginCustomer, Peer: message.Peer,
		Preference: &core.PreferenceBody{Stop: stop, Detail: strings.TrimSpace(detail), Confirm: confirm}}
}

// folded makes the ways of writing a word one: case, accents, punctuation and spaces do not count.
func folded(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mc, r) {
			return unicode.ToUpper(r)
		}
		return -1
	}, norm.NFKD.String(strings.ToValidUTF8(s, "")))
}
