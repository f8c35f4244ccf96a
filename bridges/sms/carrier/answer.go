package carrier

import (
	"errors"
	"slices"
	"strings"

	"causeway/bridges/sms"
	"causeway/core"
)

// outcome is what an answer says.
type outcome struct {
	readable bool
	ok       bool
	id       string
	code     string
	words    string
}

// read reads an answer to a send.
func (a *answer) read(got sms.Answer, v vars) outcome {
	how := a.Read
	if how == "" {
		how = readAuto
	}
	if how == readAuto && guess(got.Body) == readForm {
		how = readText
	}
	doc, err := document(how, got.Body, nil)
	s := scope{item: doc, root: doc, header: got.Header, vars: v}
	o := outcome{readable: err == nil, id: s.get(a.ID), code: s.get(a.Code), words: s.get(a.Words)}
	if a.pattern != nil {
		a.matched(string(got.Body), &o)
	}
	o.ok = got.OK() && o.readable && a.OK.holds(s)
	return o
}

// matched reads what the pattern finds. An answer that it does not fit is not readable.
func (a *answer) matched(body string, o *outcome) {
	m := a.pattern.FindStringSubmatch(body)
	if m == nil {
		o.readable = false
		return
	}
	for name, into := range map[string]*string{"id": &o.id, "code": &o.code, "words": &o.words} {
		if i := a.pattern.SubexpIndex(name); i >= 0 && m[i] != "" {
			*into = m[i]
		}
	}
}

// find returns what an error means; false if the definition does not say.
func find(table []refusal, code string, status int, said string) (refusal, bool) {
	said = strings.ToLower(said)
	for _, r := range table {
		if len(r.Code) > 0 && !slices.Contains(r.Code, code) || len(r.HTTP) > 0 && !slices.Contains(r.HTTP, status) ||
			r.Match != "" && !strings.Contains(said, strings.ToLower(r.Match)) {
			continue
		}
		return r, true
	}
	return refusal{}, false
}

// apply puts what the definition says of an error.
func (r refusal) apply(e *core.SendError) {
	e.Effect = r.Effect
	e.Retry = max(e.Retry, r.wait)
	if r.Reason != "" {
		e.Reason, e.Remedy = r.Reason, r.Remedy
	}
}

var errAnswer = errors.New("the answer is not what the definition describes")

// failed maps an answer that tells no success.
func (l *link) failed(got sms.Answer, o outcome) *core.SendError {
	words := l.call.Clean(o.words)
	r, known := find(l.def.Errors, o.code, got.Status, o.words+"\n"+string(got.Body))
	switch {
	case known || got.OK() && o.readable && o.code+o.words != "":
		e := &core.SendError{Code: l.call.Clean(o.code), Outcome: core.Rejected, Effect: core.EffectFail, Retry: core.RetryAfter(got.Header), Detail: words,
			Reason: l.def.Title + " refused the message.", Remedy: "Look the error up at the provider; the channel log has its whole answer."}
		if known && r.Effect == core.EffectPark {
			e.Reason, e.Remedy = l.def.Title+" takes nothing from this account.", "Correct the channel's credentials, or see at the provider what is held against the account; then resume the channel."
		}
		if words != "" {
			e.Reason = strings.TrimSuffix(e.Reason, ".") + ": " + strings.TrimRight(words, ".") + "."
		}
		if known {
			r.apply(e)
		}
		return e
	}
	e := l.call.Broken(&sms.Failure{Sent: true, Answer: got, Err: errAnswer})
	if words != "" && e.Outcome == core.Rejected {
		e.Detail = words
	}
	return e
}

// undelivered is the error of a receipt that says so.
func (d *definition) undelivered(code, words string) *core.SendError {
	e := &core.SendError{Code: code, Outcome: core.Rejected, Effect: core.EffectFail, Reason: "The message could not be delivered.", Detail: words,
		Remedy: "Check the number with the customer, or reach them on another channel."}
	if words != "" {
		e.Reason = "The message could not be delivered: " + strings.TrimRight(words, ".") + "."
	}
	if r, known := find(d.Undelivered, code, 0, words); known {
		r.apply(e)
	}
	return e
}
