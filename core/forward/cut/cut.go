// Package cut finds in an agent's reply what the agent newly wrote, and cuts off quotes, signature and footers.
//
// It goes by structure, not by words: quote elements of the HTML, runs of '>' lines, a line that introduces a quote (it holds an
// address or a date and stands right before one), a block of "Word: value" lines with an address and a date, separator lines, and
// what is known of the mails that we sent. So it works in languages nobody here has thought of. The few words there are (words.go)
// take off harmless lines only ("Sent from my iPhone"); in a language they do not know, such a line goes out to the customer.
//
// It fails in two ways. A quote may slip through; a word of the agent may be taken for a quote. Where signs contradict each other or
// are weak, [Result.Sure] is false, and the caller must ask the agent before anything is sent. Time and memory are linear in the input.
package cut

import "strings"

// limits of what is read; what lies beyond is never taken for the agent's text, and the result is not sure
const (
	maxText = 1 << 20 // bytes of text, also of text got from HTML
	maxHTML = 8 << 20 // bytes of HTML
	maxSent = 20      // mails of ours that are looked at
)

// Mail is a reply as it came in, decoded to UTF-8. Text and HTML are the two readings of one mail; either may be empty.
type Mail struct {
	Text string
	HTML string
	Sent []string // texts of the mails we sent in this thread, newest first; without them quotes are found by their form alone
	// Others are the same texts without what they repeat of the agent's own, who may write it again. Nil: they repeat nothing.
	Others []string
	// From are the names and addresses under which we sent them.
	From []string
	// Author are names and addresses of the agent, who may sign with them. Without them a signature that nothing marks is found only where it
	// looks like a whole business card, whosever it is.
	Author []string
}

// Result is what was found in a mail.
type Result struct {
	// Text is what the agent newly wrote, as plain text. It is the best guess where Sure is false.
	Text string
	// Sure is false if we could not tell: send nothing without asking. It is false too where Text is empty.
	Sure bool
	// Nothing is true if the mail surely holds no new text, only quote and signature; send its files, if it has any.
	Nothing bool
	// How names in short words what was found, for the log.
	How string
	// Other is what was cut, in the order of the mail.
	Other string
	// Pictures are the content ids of the pictures that the HTML shows outside of quotes and signatures.
	Pictures []string
}

// HTMLClass is the class of the element that should wrap the whole HTML of each mail we send. Clients that keep classes give it back,
// and all in it is then known to be ours.
const HTMLClass = "causeway-original"

// Marker gives the line to put on top of each mail we send, around words such as "Please write above this line" in any language.
// Reply knows the line by its ends, whatever the words.
func Marker(words string) string { return "##- " + strings.TrimSpace(words) + " -##" }

// Reply cuts what the agent newly wrote from the rest of the mail. It never panics.
func Reply(m Mail) Result {
	sent := newSent(m)
	text, long := clip(m.Text, maxText)
	page, longer := clip(m.HTML, maxHTML)
	by := authorOf(m.Author)
	plain := readText(text).examine(sent, by)
	rich := readHTML(page).examine(sent, by)
	r := choose(plain, rich)
	r.How, r.Pictures = strings.Join(r.how, ", "), rich.Pictures
	if long || longer {
		r.Sure, r.Nothing, r.How = false, false, r.How+", too long"
	}
	return r.Result
}

// authorOf tells names from addresses.
func authorOf(known []string) (a author) {
	for _, s := range known {
		if hasAddress(s) {
			a.addresses = append(a.addresses, strings.ToLower(s))
		} else if words := nameWords(s); len(words) > 0 {
			a.names = append(a.names, words)
		}
	}
	return a
}

// clip cuts s down to at most n bytes at a rune's edge and says whether it had to.
func clip(s string, n int) (string, bool) {
	if len(s) > n {
		return strings.ToValidUTF8(s[:n], ""), true
	}
	return strings.ToValidUTF8(s, "\uFFFD"), false
}

// reading is the result of one of the two parts of a mail.
type reading struct {
	Result
	how   []string
	empty bool   // the part itself holds no text
	whole string // letters of the agent's text and signature
	hard  bool   // something was cut for a reason that does not rest on words or guesses
	loose bool   // something was cut at all
}

// choose picks the better of two readings of one mail. The HTML wins where both agree, since its lines are not wrapped, and where it has
// quote elements; a reading that found a quote wins over one that found none; otherwise we are torn.
func choose(plain, rich reading) reading {
	if rich.empty {
		plain.Nothing = plain.Nothing || plain.empty
		return named(plain, "text")
	}
	if plain.empty {
		return named(rich, "html")
	}
	p, r := letters(plain.Text), letters(rich.Text)
	switch {
	case p == r && (plain.Text == "") == (rich.Text == ""):
		rich.Sure = rich.Sure || plain.Sure
		rich.Nothing = rich.Nothing || plain.Nothing && rich.Text == ""
		return named(rich, "html")
	case rich.Text == "":
		return torn(plain, "html holds nothing new")
	case plain.Text == "" && rich.hard && rich.Sure && strings.HasPrefix(letters(plain.Other), r): // the text has lost its lines
		return named(rich, "html")
	case plain.Text == "":
		return torn(rich, "text holds nothing new")
	case plain.hard && rich.hard && len(p) > len(r)+len(r)/4+12 && strings.Contains(p, r) && !strings.Contains(rich.whole, p):
		return torn(plain, "html holds less")
	case rich.hard:
		return named(rich, "html")
	case plain.hard:
		return named(plain, "text")
	case !plain.loose && !rich.loose, similar(p, r):
		return named(rich, "html")
	case len(p) > len(r):
		return torn(plain, "html differs")
	}
	return torn(rich, "text differs")
}

func named(r reading, part string) reading {
	r.how = append([]string{part}, r.how...)
	return r
}

func torn(r reading, why string) reading {
	r.Sure, r.Nothing = false, false
	r.how = append(r.how, why)
	return r
}

// similar says whether of two texts of letters the longer has little that the shorter lacks at its end.
func similar(a, b string) bool {
	if len(a) < len(b) {
		a, b = b, a
	}
	return len(a)-len(b) < 10+len(b)/10 && strings.HasPrefix(a, b[:len(b)/2])
}
