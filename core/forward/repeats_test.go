package forward_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"causeway/core"
)

// TestSameAgainAndAgain: of what a device that is stuck sends hundreds of times, each as a new message, agents are mailed the first few and told once. All
// of it is kept.
func TestSameAgainAndAgain(t *testing.T) {
	for name, say := range map[string]func(h *house, n int, c core.Content){
		"the customer's": func(h *house, _ int, c core.Content) { h.says(c) },
		"the phone's": func(h *house, n int, c core.Content) {
			h.accept(h.event(core.EventMessage, core.Event{Origin: core.OriginDevice, Message: &core.MessageBody{Provider: "echo" + strconv.Itoa(n), Content: c}}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			h.forwardTo("Lena")
			said := 0
			says := func(times int, c core.Content) {
				t.Helper()
				for range times {
					h.clock = h.clock.Add(20 * time.Second)
					said++
					say(h, said, c)
					if said%3 == 0 { // whether they are mailed together or one by one
						h.settle()
					}
				}
				h.settle()
			}
			says(40, text("I am stuck"))
			h.wantMails("Lena", 6)
			if flag := h.last("Lena").Text; !strings.Contains(flag, "again and again") || !strings.Contains(flag, "“I am stuck”") {
				t.Errorf("the last mail says:\n%s", flag)
			}
			says(1, text("Something else"))
			says(3, text("I am stuck"))
			h.wantMails("Lena", 7)
			h.clock = h.clock.Add(11 * time.Minute)
			says(1, text("I am stuck"))
			h.wantMails("Lena", 8)
			if all, err := h.repo.Messages(t.Context(), h.conversation().ID, core.Page{Limit: 100}); err != nil || len(all) != said {
				t.Errorf("%d of %d messages are kept: %v", len(all), said, err)
			}
		})
	}
}

// TestSameAnswers: the same words in answer to one question after another are mailed each time, and so are files that only look the same.
func TestSameAnswers(t *testing.T) {
	h := newHouse(t)
	h.forwardTo("Lena")
	for n := range 8 {
		h.says(text("yes"))
		h.settle()
		h.wantMails("Lena", n+1)
		h.reply(answer{to: h.address("Lena"), text: "And the next question?", id: "q" + strconv.Itoa(n) + "@example.com"})
	}
	h.wantMails("Lena", 8)
	picture := func(sum string) {
		h.says(core.Content{Kind: core.KindImage, Media: &core.Media{URL: "https://files.example/" + sum, SHA256: sum}})
	}
	for n := range 8 {
		picture("sum" + strconv.Itoa(n))
		h.says(core.Content{Kind: core.KindUnsupported, Unsupported: &core.Unsupported{Type: "unknown", Code: 131060}})
	}
	h.settle()
	h.wantMails("Lena", 24)
	for range 8 {
		picture("same")
	}
	h.settle()
	h.wantMails("Lena", 30)
}

// TestSameWordsWithOtherFiles: the words that come with each of many files do not keep these from being mailed.
func TestSameWordsWithOtherFiles(t *testing.T) {
	h := newHouse(t)
	h.forwardTo("Lena")
	for n := range 8 {
		words := text("See the invoice.")
		file := core.Content{Kind: core.KindDocument, Media: &core.Media{URL: "https://files.example/" + strconv.Itoa(n), SHA256: "sum" + strconv.Itoa(n)}}
		words.Album, file.Album = "mail"+strconv.Itoa(n), "mail"+strconv.Itoa(n)
		h.says(words)
		h.says(file)
		h.settle()
	}
	h.wantMails("Lena", 8)
	for range 8 {
		other := text("Same words.")
		other.Subject = strconv.Itoa(h.events)
		h.says(other)
		h.settle()
	}
	h.wantMails("Lena", 16)
}
