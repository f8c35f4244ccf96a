// Package meta speaks with Meta's Graph interface for the bridges that live on it: calls with a bearer token, uploads, the errors it answers
// with, the webhook handshake and the webhook signature.
//
// A call ends in one of three ways. Nil: the platform accepted it and the answer was read. *Error: the platform answered with an error object,
// so it certainly did not do what was asked. *Failure: there is no such answer; Sent tells whether the request may have reached the platform,
// which then may have acted on it. Errors never hold the token or another of the client's secrets, nor the query of an address.
package meta
