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

// codeError is what the platform answers with an error code: its title and HTTP status.
func codeError(code int, details string) *apiError {
	e := &apiError{status: http.StatusBadRequest, code: code, title: "Something went wrong", details: details}
	switch code {
	case 1, 2:
		e.status, e.title, e.retry = http.StatusServiceUnavailable, "Service temporarily unavailable", true
	case 4, 80007, 130429:
		e.status, e.title, e.retry = http.StatusTooManyRequests, "Rate limit hit", true
	case 10, 200:
		e.status, e.title = http.StatusForbidden, "Permission denied"
	case 100:
		e.title = "Invalid parameter"
	case 190:
		e.status, e.title, e.subcode = http.StatusUnauthorized, "Authentication Error", 463
	case 368:
		e.status, e.title = http.StatusForbidden, "Temporarily blocked for policies violations"
	case 130472:
		e.title = "User's number is part of an experiment"
	case 130497:
		e.status, e.title = http.StatusForbidden, "Business account is restricted from messaging users in this country."
	case 131000:
		e.status, e.title = http.StatusInternalServerError, "Something went wrong"
	case 131005:
		e.status, e.title = http.StatusForbidden, "Access denied"
	case 131008:
		e.title = "Required parameter is missing"
	case 131009:
		e.title = "Parameter value is not valid"
	case 131016:
		e.status, e.title, e.retry = http.StatusServiceUnavailable, "Service unavailable", true
	case 131021:
		e.title = "Recipient cannot be sender"
	case 131026:
		e.title = "Message undeliverable"
	case 131031:
		e.status, e.title = http.StatusForbidden, "Business Account locked"
	case 131042:
		e.title = "Business eligibility payment issue"
	case 131047:
		e.title = "Re-engagement message"
	case 131048:
		e.title = "Spam rate limit hit"
	case 131049:
		e.title = "This message was not delivered to maintain healthy ecosystem engagement."
	case 131050:
		e.title = "Unable to deliver the message. This recipient has chosen to stop receiving marketing messages"
	case 131051:
		e.title = "Unsupported message type"
	case 131052:
		e.title = "Media download error"
	case 131053:
		e.title = "Media upload error"
	case 131056:
		e.title = "(Business Account, Consumer Account) pair rate limit hit"
	case 132000:
		e.title = "Number of parameters does not match the expected number of params"
	case 132001:
		e.status, e.title = http.StatusNotFound, "Template name does not exist in the translation"
	case 132012:
		e.title = "Parameter format does not match format in the created template"
	case 132015:
		e.title = "Template is paused"
	case 132016:
		e.title = "Template is disabled"
	case 133010:
		e.title = "Phone number not registered"
	}
	return e
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
