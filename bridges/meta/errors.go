package meta

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"causeway/core"
)

// Error is the platform's refusal: an answer with an error object. Decide by Code, never by the HTTP status or the texts.
type Error struct {
	Status     int // HTTP
	Code       int // -1 if there was none: 0 is a code
	Subcode    int
	Message    string
	Details    string // error_data.details, else the message for users
	Trace      string // fbtrace_id
	Transient  bool   // the platform itself calls it temporary
	RetryAfter time.Duration
}

func (e *Error) Error() string {
	s := fmt.Sprintf("graph error %d", e.Code)
	if e.Subcode != 0 {
		s += fmt.Sprintf("/%d", e.Subcode)
	}
	if e.Message != "" {
		s += ": " + e.Message
	}
	if e.Details != "" && e.Details != e.Message {
		s += " (" + e.Details + ")"
	}
	return s
}

// Unproven reports whether the platform misses the proof that the caller has the app's secret, or finds it wrong. The code is the one for any wrong
// parameter, without a subcode: only the words tell it apart.
func Unproven(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == CodeParameter && strings.Contains(e.Message, "appsecret_proof")
}

// Failure is a call without an answer that could be read.
type Failure struct {
	Sent       bool // the request, or some of it, left: it may have been acted on
	Status     int  // HTTP, zero if there was no answer
	RetryAfter time.Duration
	Err        error
}

func (f *Failure) Error() string {
	if f.Status != 0 {
		return fmt.Sprintf("graph interface answered %d: %v", f.Status, f.Err)
	}
	return fmt.Sprintf("graph interface not reached: %v", f.Err)
}

func (f *Failure) Unwrap() error { return f.Err }

// wireError is the error object as it comes. Numbers have been seen as strings.
type wireError struct {
	Code      any    `json:"code"`
	Subcode   any    `json:"error_subcode"`
	Message   string `json:"message"`
	UserTitle string `json:"error_user_title"`
	UserMsg   string `json:"error_user_msg"`
	Trace     string `json:"fbtrace_id"`
	Transient bool   `json:"is_transient"`
	Data      any    `json:"error_data"` // an object, sometimes a text
	Title     string `json:"title"`      // of the list that resellers answer with
}

// refusal reads an error object out of an answer; nil if there is none.
func (c *Client) refusal(resp *http.Response, raw []byte) *Error {
	var body struct {
		Error  *wireError  `json:"error"`
		Errors []wireError `json:"errors"` // as resellers in the manner of the old interface answer
	}
	// A field of a strange type leaves the others readable: better half an error than none.
	_ = json.Unmarshal(raw, &body)
	w := body.Error
	if w == nil && len(body.Errors) > 0 {
		w = &body.Errors[0]
		w.Message += w.Title
	}
	if w == nil || (w.Code == nil && w.Message == "") {
		return nil
	}
	e := &Error{Status: resp.StatusCode, Code: integer(w.Code), Subcode: integer(w.Subcode), Message: c.hide(w.Message),
		Trace: c.hide(w.Trace), Transient: w.Transient, RetryAfter: core.RetryAfter(resp.Header)}
	if w.Code == nil {
		e.Code = -1
	}
	e.Details = c.hide(details(w))
	return e
}

func details(w *wireError) string {
	switch d := w.Data.(type) {
	case map[string]any:
		if s, ok := d["details"].(string); ok && s != "" {
			return s
		}
	case string:
		if d != "" {
			return d
		}
	}
	return strings.TrimSpace(w.UserTitle + " " + w.UserMsg)
}

func integer(v any) int {
	switch v := v.(type) {
	case float64:
		return int(v)
	case string:
		n, _ := strconv.Atoi(v)
		return n
	}
	return 0
}
