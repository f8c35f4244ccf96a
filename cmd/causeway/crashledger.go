package main

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"sync"
)

// kind is a way into the gateway.
type kind string

const (
	kindSaid    kind = "said"  // a customer's text
	kindPicture kind = "pict"  // a customer's picture
	kindPhone   kind = "phone" // typed by the owner on the business's own phone
	kindFlood   kind = "flood" // a webhook that nobody repeats
	kindMail    kind = "mail"  // an agent's answer
	kindAPI     kind = "api"   // a program's message
)

// entry is something that was handed to the gateway under a token of its own, which its text contains.
type entry struct {
	kind         kind
	lane         int // whose: what one says, one says in order
	number       int // in the order of saying, over all kinds of the lane that wait for each other
	acknowledged bool
}

// ledger keeps what was said and what was acknowledged.
type ledger struct {
	mu         sync.Mutex
	entries    map[string]*entry
	numbers    map[string]int
	complaints []string
}

func newLedger() *ledger { return &ledger{entries: map[string]*entry{}, numbers: map[string]int{}} }

var tokenForm = regexp.MustCompile(`\b(said|pict|phone|flood|mail|api)-(\d+)-(\d+)\b`)

// begin makes a token for something that is about to be said.
func (l *ledger) begin(k kind, lane int) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	row := string(k)
	if k == kindPicture { // a customer's texts and pictures wait for each other
		row = string(kindSaid)
	}
	row += "-" + strconv.Itoa(lane)
	l.numbers[row]++
	token := fmt.Sprintf("%s-%d-%d", k, lane, l.numbers[row])
	l.entries[token] = &entry{kind: k, lane: lane, number: l.numbers[row]}
	return token
}

func (l *ledger) acknowledge(token string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e := l.entries[token]; e != nil {
		e.acknowledged = true
	}
}

// complain notes something that must not happen at all.
func (l *ledger) complain(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.complaints = append(l.complaints, fmt.Sprintf(format, args...))
}

// acknowledged lists the tokens of the kinds that were, in the order of saying.
func (l *ledger) acknowledged(kinds ...kind) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []string
	for token, e := range l.entries {
		if e.acknowledged && slices.Contains(kinds, e.kind) {
			all = append(all, token)
		}
	}
	slices.SortFunc(all, func(a, b string) int {
		x, y := l.entries[a], l.entries[b]
		if x.lane != y.lane {
			return x.lane - y.lane
		}
		return x.number - y.number
	})
	return all
}

func (l *ledger) entry(token string) entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e := l.entries[token]; e != nil {
		return *e
	}
	return entry{}
}

// disorder counts how often in a list of tokens something came after what was said later in the same lane. Only the kinds count.
func (l *ledger) disorder(tokens []string, kinds ...kind) (n int, example string) {
	last := map[int]string{}
	for _, token := range tokens {
		e := l.entry(token)
		if !slices.Contains(kinds, e.kind) {
			continue
		}
		if before := last[e.lane]; before != "" && l.entry(before).number > e.number {
			n++
			example = token + " came after " + before
			continue
		}
		last[e.lane] = token
	}
	return n, example
}
