package x

import (
	"net/http"
	"time"

	"causeway/core"
)

// refusal is what a code of X's means for us.
type refusal struct {
	effect core.Effect
	wait   time.Duration
	reason string
	remedy string
}

const (
	newToken  = "Make a new access token in the developer portal, put it and its secret into the channel and resume it." //nolint:gosec // words
	newRights = "In the developer portal, give the app the permission to read and write direct messages, then make a new access token."
	otherPlan = "Look at the plan of the project in the developer portal: it must include direct messages and the Account Activity API."
	otherWay  = "Reach the customer on another channel, or wait until they write again."
	sendLess  = "Wait: X counts what an account sends in a quarter of an hour and in a day."
)

// refusals is what X's own codes mean: numbers are version 1.1's, names are problems of version 2.
var refusals = map[string]refusal{
	// The credentials, the app, the account.
	"32":                         {effect: core.EffectPark, reason: "X does not accept the keys.", remedy: newToken},
	"64":                         {effect: core.EffectPark, reason: "X has suspended the account.", remedy: "Log in to X as the account; it says what to do."},
	"89":                         {effect: core.EffectPark, reason: "The access token is no longer valid.", remedy: newToken},
	"93":                         {effect: core.EffectPark, reason: "The app may not read or write direct messages.", remedy: newRights},
	"135":                        {effect: core.EffectRetry, wait: time.Minute, reason: "X says that the clock of this machine is wrong.", remedy: "Set the clock: it is more than some minutes off."},
	"215":                        {effect: core.EffectPark, reason: "X does not accept the keys.", remedy: newToken},
	"220":                        {effect: core.EffectPark, reason: "The access token does not allow this.", remedy: newRights},
	"226":                        {effect: core.EffectSlow, wait: 15 * time.Minute, reason: "X took this for the work of a machine.", remedy: "Log in to X as the account; it may ask for a proof."},
	"261":                        {effect: core.EffectPark, reason: "X has taken from the app the right to write.", remedy: "Look at the app in the developer portal, and ask X's support."},
	"326":                        {effect: core.EffectPark, reason: "X has locked the account for now.", remedy: "Log in to X as the account and unlock it."},
	"416":                        {effect: core.EffectPark, reason: "X has suspended the app.", remedy: "Look at the app in the developer portal, and ask X's support."},
	"453":                        {effect: core.EffectPark, reason: "The plan does not include this part of X's interface.", remedy: otherPlan},
	"client-forbidden":           {effect: core.EffectPark, reason: "The app's project may not use this part of X's interface.", remedy: otherPlan},
	"client-not-enrolled":        {effect: core.EffectPark, reason: "The app belongs to no project of the developer portal.", remedy: otherPlan},
	"oauth1-permissions":         {effect: core.EffectPark, reason: "The app may not read or write direct messages.", remedy: newRights},
	"unsupported-authentication": {effect: core.EffectPark, reason: "X does not take this kind of token here.", remedy: newToken},
	// How much, how fast.
	"88":           {effect: core.EffectSlow, wait: time.Minute, reason: "The account has sent as much as X allows for now.", remedy: sendLess},
	"usage-capped": {effect: core.EffectSlow, wait: time.Hour, reason: "The plan's monthly allowance is used up.", remedy: otherPlan},
	"130":          {effect: core.EffectRetry, wait: 5 * time.Second, reason: "X is over capacity at the moment."},
	// The recipient.
	"34":                          {effect: core.EffectFail, reason: "X does not know the customer, or the page that was called.", remedy: otherWay},
	"50":                          {effect: core.EffectFail, reason: "X no longer has this customer's account.", remedy: otherWay},
	"63":                          {effect: core.EffectFail, reason: "X has suspended the customer's account.", remedy: otherWay},
	"108":                         {effect: core.EffectFail, reason: "X does not know this customer.", remedy: otherWay},
	"150":                         {effect: core.EffectFail, reason: "The customer takes direct messages only from accounts that they follow.", remedy: otherWay},
	"349":                         {effect: core.EffectFail, reason: "The customer takes no direct messages from this account: they may have blocked it.", remedy: otherWay},
	"resource-not-found":          {effect: core.EffectFail, reason: "X does not know this customer.", remedy: otherWay},
	"not-authorized-for-resource": {effect: core.EffectFail, reason: "The customer takes no direct messages from this account.", remedy: otherWay},
	// The message.
	"151":             {effect: core.EffectFail, reason: "X could not send this message.", remedy: "Change it and send it again."},
	"214":             {effect: core.EffectFail, reason: "X calls the message malformed.", remedy: "Report it with the channel log's entry."},
	"324":             {effect: core.EffectFail, reason: "X does not take this file.", remedy: "Send it in another format, or as a link."},
	"354":             {effect: core.EffectFail, reason: "The text is longer than X takes.", remedy: "Send it in pieces."},
	"invalid-request": {effect: core.EffectFail, reason: "X calls the message malformed.", remedy: "Report it with the channel log's entry."},
}

// statuses is what an answer without a code that is known means.
var statuses = map[int]refusal{
	http.StatusUnauthorized:       {effect: core.EffectPark, reason: "X does not accept the keys.", remedy: newToken},
	http.StatusForbidden:          {effect: core.EffectFail, reason: "X does not let the account write to this customer.", remedy: otherWay},
	http.StatusProxyAuthRequired:  {effect: core.EffectPark, reason: "Something between us and X refuses our calls.", remedy: "Check the API base and any proxy in between."},
	http.StatusNotFound:           {effect: core.EffectFail, reason: "X does not know this customer.", remedy: otherWay},
	http.StatusTooManyRequests:    {effect: core.EffectSlow, wait: time.Minute, reason: "The account has sent as much as X allows for now.", remedy: sendLess},
	http.StatusServiceUnavailable: {effect: core.EffectRetry, wait: 5 * time.Second, reason: "X is not available at the moment."},
}
