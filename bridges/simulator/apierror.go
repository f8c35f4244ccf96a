package simulator

import (
	"cmp"
	"fmt"
	"net/http"
)

// apiError is a refusal in Meta's shape.
type apiError struct {
	status  int
	code    int
	kind    string // OAuthException by default
	title   string
	details string
	subcode int
	retry   bool // is_transient
}

// document is the body of the answer.
func (e *apiError) document() obj {
	o := obj{
		"message": fmt.Sprintf("(#%d) %s", e.code, e.title), "type": cmp.Or(e.kind, "OAuthException"),
		"code": e.code, "fbtrace_id": fbtrace(),
	}
	if e.details != "" {
		o["error_data"] = obj{"messaging_product": "whatsapp", "details": e.details}
	}
	if e.subcode != 0 {
		o["error_subcode"] = e.subcode
	}
	if e.retry {
		o["is_transient"] = true
	}
	return obj{"error": o}
}

// inStatus is the same error as a status webhook carries it.
func (e *apiError) inStatus() obj {
	o := obj{
		"code": e.code, "title": e.title, "message": e.title,
		"href": "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/",
	}
	if e.details != "" {
		o["error_data"] = obj{"details": e.details}
	}
	return o
}

// apiErrors are the platform's error codes with their titles, and their HTTP status where it is not 400.
var apiErrors = map[int]apiError{
	1:      {status: http.StatusServiceUnavailable, title: "Service temporarily unavailable", retry: true},
	2:      {status: http.StatusServiceUnavailable, title: "Service temporarily unavailable", retry: true},
	4:      {status: http.StatusTooManyRequests, title: "Rate limit hit", retry: true},
	10:     {status: http.StatusForbidden, title: "Permission denied"},
	100:    {title: "Invalid parameter"},
	190:    {status: http.StatusUnauthorized, title: "Authentication Error", subcode: 463},
	200:    {status: http.StatusForbidden, title: "Permission denied"},
	368:    {status: http.StatusForbidden, title: "Temporarily blocked for policies violations"},
	80007:  {status: http.StatusTooManyRequests, title: "Rate limit hit", retry: true},
	130429: {status: http.StatusTooManyRequests, title: "Rate limit hit", retry: true},
	130472: {title: "User's number is part of an experiment"},
	130497: {status: http.StatusForbidden, title: "Business account is restricted from messaging users in this country."},
	131000: {status: http.StatusInternalServerError, title: "Something went wrong"},
	131005: {status: http.StatusForbidden, title: "Access denied"},
	131008: {title: "Required parameter is missing"},
	131009: {title: "Parameter value is not valid"},
	131016: {status: http.StatusServiceUnavailable, title: "Service unavailable", retry: true},
	131021: {title: "Recipient cannot be sender"},
	131026: {title: "Message undeliverable"},
	131031: {status: http.StatusForbidden, title: "Business Account locked"},
	131042: {title: "Business eligibility payment issue"},
	131047: {title: "Re-engagement message"},
	131048: {title: "Spam rate limit hit"},
	131049: {title: "This message was not delivered to maintain healthy ecosystem engagement."},
	131050: {title: "Unable to deliver the message. This recipient has chosen to stop receiving marketing messages"},
	131051: {title: "Unsupported message type"},
	131052: {title: "Media download error"},
	131053: {title: "Media upload error"},
	131056: {title: "(Business Account, Consumer Account) pair rate limit hit"},
	132000: {title: "Number of parameters does not match the expected number of params"},
	132001: {status: http.StatusNotFound, title: "Template name does not exist in the translation"},
	132012: {title: "Parameter format does not match format in the created template"},
	132015: {title: "Template is paused"},
	132016: {title: "Template is disabled"},
	133010: {title: "Phone number not registered"},
}

// codeError is what the platform answers with an error code.
func codeError(code int, details string) *apiError {
	e := apiErrors[code]
	e.code, e.details = code, details
	e.status, e.title = cmp.Or(e.status, http.StatusBadRequest), cmp.Or(e.title, "Something went wrong")
	return &e
}

func badRequest(details string) *apiError { return codeError(100, details) }

func missing(name string) *apiError {
	return codeError(131008, fmt.Sprintf("Parameter '%s' is mandatory.", name))
}

func invalid(format string, args ...any) *apiError {
	return codeError(131009, fmt.Sprintf(format, args...))
}

// unexpected is the answer to a key that the platform does not know.
func unexpected(key, param string) *apiError {
	return codeError(100, fmt.Sprintf("Unexpected key \"%s\" on param \"%s\".", key, param))
}

func badToken(why string) *apiError {
	e := codeError(190, "")
	e.title = why
	return e
}

func unknownPath() *apiError {
	return &apiError{
		status: http.StatusNotFound, code: 2500, kind: "OAuthException",
		title: "Unknown path components",
	}
}

func unknownObject(id string) *apiError {
	return &apiError{
		status: http.StatusBadRequest, code: 100, subcode: 33, kind: "GraphMethodException",
		title: fmt.Sprintf("Unsupported request. Object with ID '%s' does not exist, cannot be loaded due to "+
			"missing permissions, or does not support this operation.", id),
	}
}

// faultAnswer is what the platform says when it only says a status.
func faultAnswer(status int) *apiError {
	code := 131000
	switch status {
	case http.StatusTooManyRequests:
		code = 130429
	case http.StatusServiceUnavailable:
		code = 131016
	case http.StatusUnauthorized:
		code = 190
	case http.StatusForbidden:
		code = 10
	}
	e := codeError(code, "")
	e.status = status
	return e
}
