package forward

import (
	"maps"
	"slices"
	"strings"

	"causeway/core"
)

// misspelt asks about a line of an answer, or a subject, that is nearly a command, or is one in a place where it does nothing: a customer must never get
// it. A mail of one word behind a "#" is meant for us, too.
func (w *writer) misspelt(m core.Mail, subject, answer string) *core.Notice {
	lines := strings.Split(strings.TrimSpace(straight(answer)), "\n")
	for i, line := range append([]string{straight(subject)}, lines...) {
		line = strings.TrimSpace(line)
		word, rest := commandWord(line)
		known := nearest(word)
		_, says := presences[word]
		switch alone := len(lines) == 1 && strings.TrimSpace(rest) == ""; {
		case word == "":
		case says && i > 1: // above it stands an answer
			return w.question(m, "presence-below", "word", "#"+word)
		case slices.Contains(templateWords[:], word):
			if i > 1 {
				return w.refused(m, "template-alone")
			}
		case known != "":
			return w.question(m, "handling-typo", "word", "#"+word, "known", "#"+known)
		case !says && alone && i == 1:
			return w.question(m, "handling-nocommand", "word", "#"+word)
		}
	}
	return nil
}

// nearest is the command that a word nearly is, in its own language; "" where it is one, or none is near.
func nearest(word string) string {
	known := commandWords()
	if known[word] || word == "" {
		return ""
	}
	best, least := "", 3
	for _, known := range slices.Sorted(maps.Keys(known)) {
		if d := core.Distance(word, known); d < least && d <= slips(known, word) {
			best, least = known, d
		}
	}
	return best
}

// commandWords are those of the commands about conversations and presence.
func commandWords() map[string]bool {
	words := map[string]bool{}
	for known := range verbs {
		words[known] = true
	}
	for known := range presences {
		words[known] = true
	}
	return words
}

// slips is how many letters of a command may be wrong: of a short one, which many words resemble, only two may be swapped.
func slips(known, word string) int {
	switch n := len([]rune(known)); {
	case n <= 3 && sortedLetters(known) != sortedLetters(word):
		return 0
	case n <= 4:
		return 1
	}
	return 2
}

func sortedLetters(word string) string { return string(slices.Sorted(slices.Values([]rune(word)))) }
