package core

import (
	"errors"
	"fmt"
)

// Code names a kind of problem in a word that programs can branch on. It is the last segment of a problem document's type.
type Code string

const (
	CodeInvalid      Code = "invalid"       // the request itself is wrong
	CodeNotFound     Code = "not-found"     // the named thing does not exist in this workspace
	CodeConflict     Code = "conflict"      // it exists already, or the state forbids it
	CodeForbidden    Code = "forbidden"     // the caller may not do this
	CodeUnauthorized Code = "unauthorized"  // the caller is not known
	CodeTooLarge     Code = "too-large"     // over a stated limit
	CodeWindowClosed Code = "window-closed" // free-form text is not allowed now
	CodeOptedOut     Code = "opted-out"     // the contact does not want this
	CodeUnsupported  Code = "unsupported"   // the channel cannot carry this content
	CodeChannelDown  Code = "channel-down"  // the channel needs a person's action first
	CodeClosed       Code = "conversation-closed"

	CodeChannelRemoved Code = "channel-removed" // an admin has given up the channel
	CodeOvertaken      Code = "overtaken"       // somebody answered from the phone since the author looked
	CodeTemplate       Code = "template"        // the template is missing, not approved, or its parameters do not fit
	CodeUnavailable    Code = "unavailable"
)

// Problem is an error for people: what happened, in a sentence, and what to do about it. Errors that are not a Problem are internal: they
// are logged whole and shown to nobody.
type Problem struct {
	Code   Code
	Detail string // one sentence: what happened, to what
	Remedy string // one sentence: what to do now; may be empty
	Field  string // the input it is about, if one; may be empty
	Err    error  // the cause, for the log; may be nil
}

func (p *Problem) Error() string {
	s := p.Detail
	if p.Remedy != "" {
		s += " " + p.Remedy
	}
	return s
}

func (p *Problem) Unwrap() error { return p.Err }

// Problemf makes a Problem without a remedy.
func Problemf(code Code, format string, args ...any) *Problem {
	return &Problem{Code: code, Detail: fmt.Sprintf(format, args...)}
}

// Remedied returns a copy with the remedy set.
func (p Problem) Remedied(format string, args ...any) *Problem {
	p.Remedy = fmt.Sprintf(format, args...)
	return &p
}

// Because returns a copy with the cause set.
func (p Problem) Because(cause error) *Problem {
	p.Err = cause
	return &p
}

// CodeOf returns the code of the Problem in err's chain, or "" if there is none.
func CodeOf(err error) Code {
	var p *Problem
	if errors.As(err, &p) {
		return p.Code
	}
	return ""
}

// NotFound is the Problem for a thing that this workspace does not have.
func NotFound(thing string) error { return Problemf(CodeNotFound, "There is no such %s.", thing) }
