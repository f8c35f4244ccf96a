package forward

import (
	"strings"
	"testing"
	"time"

	"causeway/core"

	"pgregory.net/rapid"
)

var (
	day       = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	testAgent = core.Agent{ID: "0199c0de-0000-7000-8000-000000000001", Workspace: "w", Epoch: 3}
	testConv  = core.ConversationID("0199c0de-0000-7000-8000-0000000000aa")
)

func testForwarder() *Forwarder {
	return &Forwarder{Options: Options{Domain: "reply.example"}, signer: signer{[][]byte{[]byte("key one, long enough"), []byte("key two, long enough")}}}
}

func TestAddress(t *testing.T) {
	f := testForwarder()
	address, err := f.address(toReply, testConv, testAgent, day.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	local, _, _ := strings.Cut(address, "@")
	if len(local) > 64 || strings.ToLower(address) != address {
		t.Errorf("%q is %d long", address, len(local))
	}
	for _, form := range []string{address, strings.ToUpper(address), " <" + address + "> ", address + "."} {
		c, ok := f.claimsOf(form)
		if !ok || c.conversation != testConv || c.purpose != toReply || !c.expires.Equal(day.AddDate(0, 0, 1)) || !f.signer.is(c.agent, testAgent) {
			t.Errorf("%q: %v %+v", form, ok, c)
		}
	}
}

func TestTokenIsBound(t *testing.T) {
	f := testForwarder()
	address, err := f.address(toReply, testConv, testAgent, day)
	if err != nil {
		t.Fatal(err)
	}
	c, _ := f.claimsOf(address)
	for name, change := range map[string]func(*core.Agent){
		"agent":     func(a *core.Agent) { a.ID += "x" },
		"epoch":     func(a *core.Agent) { a.Epoch++ },
		"workspace": func(a *core.Agent) { a.Workspace = "other" },
	} {
		a := testAgent
		change(&a)
		if f.signer.is(c.agent, a) {
			t.Errorf("it is good for another %s", name)
		}
	}
	if _, ok := f.claimsOf("b" + address[1:]); ok {
		t.Error("a reply token is taken for a bounce token")
	}
	if _, ok := f.claimsOf(strings.Replace(address, "reply.example", "reply.example.evil.test", 1)); ok {
		t.Error("another domain is taken")
	}
	turned := &Forwarder{Options: f.Options, signer: signer{[][]byte{[]byte("a new key, long enough"), f.signer.keys[0]}}}
	if c, ok := turned.claimsOf(address); !ok || !turned.signer.is(c.agent, testAgent) {
		t.Error("an address made with a former key is refused")
	}
	gone := &Forwarder{Options: f.Options, signer: signer{[][]byte{[]byte("a new key, long enough")}}}
	if _, ok := gone.claimsOf(address); ok {
		t.Error("an address made with an unknown key is taken")
	}
}

// No token but those we made verifies: whatever is changed in one, other than the case of its letters.
func TestAlteredTokensNeverVerify(t *testing.T) {
	f := testForwarder()
	rapid.Check(t, func(t *rapid.T) {
		conv := core.NewID[core.ConversationID]()
		expires := day.AddDate(0, 0, rapid.IntRange(0, 4000).Draw(t, "days"))
		token, err := f.signer.token(toReply, conv, testAgent, expires)
		if err != nil {
			t.Fatal(err)
		}
		if c, ok := f.signer.open(toReply, token); !ok || c.conversation != conv || !c.expires.Equal(expires) {
			t.Fatalf("own token refused: %v %+v", ok, c)
		}
		altered := []byte(token)
		switch rapid.IntRange(0, 3).Draw(t, "how") {
		case 0:
			i := rapid.IntRange(0, len(altered)-1).Draw(t, "at")
			altered[i] = rapid.SampledFrom([]byte("abcdefghijklmnopqrstuvwxyz234567+-=_ \x00")).Draw(t, "to")
		case 1:
			altered = altered[:rapid.IntRange(0, len(altered)-1).Draw(t, "cut")]
		case 2:
			altered = append(altered, rapid.SampledFrom([]byte("abcdefghijklmnopqrstuvwxyz234567=\n")).Draw(t, "more"))
		case 3:
			i, j := rapid.IntRange(0, len(altered)-1).Draw(t, "i"), rapid.IntRange(0, len(altered)-1).Draw(t, "j")
			altered[i], altered[j] = altered[j], altered[i]
		}
		if _, ok := f.signer.open(toReply, string(altered)); ok != (string(altered) == token) {
			t.Fatalf("%q made of %q: %v", altered, token, ok)
		}
	})
}

func FuzzAddress(f *testing.F) {
	fw := testForwarder()
	own, err := fw.address(toReply, testConv, testAgent, day)
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{own, "", "@", "r+@reply.example", "b+aaaa@reply.example", "r@reply.example", "+x@reply.example", own + own} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, ok := fw.claimsOf(s)
		if !ok {
			return
		}
		again, err := fw.address(c.purpose, c.conversation, testAgent, c.expires)
		if err != nil || !strings.EqualFold(again, strings.TrimSuffix(strings.Trim(strings.TrimSpace(s), "<>"), ".")) {
			t.Errorf("%q verifies, and is not %q", s, again)
		}
	})
}

func FuzzCommand(f *testing.F) {
	for _, s := range []string{"#template 1 | a | b", "#tempalte", "#1 priority", "##", "# | |", "#قالب ١ | منى"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		word, rest := commandWord(s)
		if word != "" && !strings.Contains(s, "#") {
			t.Errorf("%q is the command %q", s, word)
		}
		if _, values := arguments(rest); len(values) > len(rest)+1 {
			t.Errorf("%q has %d values", rest, len(values))
		}
		nearest(word)
	})
}

func TestWordsAreComplete(t *testing.T) {
	words, err := catalogue()
	if err != nil {
		t.Fatal(err)
	}
	for code, all := range words {
		for name, english := range words["en"] {
			theirs, there := all[name]
			if !there {
				t.Errorf("%s lacks %q", code, name)
			}
			if a, b := braces(english), braces(theirs); a != b {
				t.Errorf("%s %q has the words %q, English has %q", code, name, b, a)
			}
		}
		for name := range all {
			if words["en"][name] == "" {
				t.Errorf("%s has %q, which English lacks", code, name)
			}
		}
		if n := len(strings.Fields(all["weekdays"])); n != 7 {
			t.Errorf("%s has %d days of the week", code, n)
		}
	}
}

// braces lists the {words} of a sentence that stand for values, sorted.
func braces(s string) string {
	count := map[string]int{}
	for rest := s; ; {
		_, after, ok := strings.Cut(rest, "{")
		if !ok {
			break
		}
		name, tail, _ := strings.Cut(after, "}")
		count[name]++
		rest = tail
	}
	var b strings.Builder
	for _, name := range []string{"name", "channel", "time", "title", "detail", "quantity", "product", "price", "currency", "type", "kind", "file", "size", "id", "source",
		"headline", "emoji", "text", "new", "old", "part", "parts", "span", "last", "until", "n", "list", "word", "address", "yours", "to", "most"} {
		for range count[name] {
			b.WriteString(name + " ")
		}
		delete(count, name)
	}
	for name := range count {
		b.WriteString("unknown:" + name)
	}
	return b.String()
}
