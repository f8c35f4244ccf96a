package whatsappcloud

import (
	"time"

	"causeway/bridges/meta"
	"causeway/core"
)

const (
	newToken   = "Make a new token for a system user with both WhatsApp permissions, put it in the channel and resume it."
	support    = "Open Business support home at Meta, see what is held against the account, and ask for a review. Resume the channel then."
	developers = "Report it with the channel log's entry; nothing can be done in the mailbox."
	resync     = "The templates are being read anew; choose the template again and fill all its values."
	otherTpl   = "Choose another template; the list has been read anew."
)

// refusals is what the platform's codes mean. Sources: Meta's list of error codes, and what peers learned about them.
var refusals = meta.Refusals{
	// The token or its permissions.
	{Codes: []int{0, 102, 190}, Effect: core.EffectPark, Reason: "The access token is no longer valid.", Remedy: newToken},
	{Codes: []int{3, 10, 131005}, Effect: core.EffectPark, Reason: "The access token lacks a permission.", Remedy: newToken},
	// The account.
	{Codes: []int{368, 131031}, Effect: core.EffectPark, Reason: "Meta has blocked the account for violating its policy.", Remedy: support},
	{Codes: []int{130497}, Effect: core.EffectFail, Reason: "Meta does not let this account write to customers in this country.", Remedy: "Reach the customer on another channel."},
	{Codes: []int{131037}, Effect: core.EffectPark, Reason: "The number's display name is not approved.", Remedy: "Have a display name approved in the WhatsApp Manager, then resume the channel."},
	{Codes: []int{131042}, Effect: core.EffectPark, Reason: "Meta cannot bill the account.", Remedy: "Mend the payment method in the WhatsApp Manager, then resume the channel."},
	{Codes: []int{131045, 133010}, Effect: core.EffectPark, Reason: "The number is not registered on the platform.", Remedy: "Register the number in the WhatsApp Manager, then resume the channel."},
	{Codes: []int{134011}, Effect: core.EffectPark, Reason: "The terms of WhatsApp payments are not accepted.", Remedy: "Accept them in the WhatsApp Manager, then resume the channel."},
	{Codes: []int{133000, 133005, 133006, 133008, 133009}, Effect: core.EffectPark, Reason: "The number's registration or PIN is not in order.",
		Remedy: "Register the number again in the WhatsApp Manager, then resume the channel."},
	{Codes: []int{133015}, Effect: core.EffectRetry, Wait: 5 * time.Minute, Reason: "The number was just removed from the platform.", Remedy: "Wait five minutes before registering it again."},
	{Codes: []int{133016}, Effect: core.EffectPark, Reason: "The number was registered and removed too often.", Remedy: "Wait 72 hours, register it once, then resume the channel."},
	// How much, how fast.
	{Codes: []int{4, 17, 32, 613, 80007, 80008, 130429}, Effect: core.EffectSlow, Wait: 5 * time.Second, Reason: "More messages or calls than Meta allows in this time."},
	{Codes: []int{131056}, Effect: core.EffectSlowPeer, Wait: 6 * time.Second, Reason: "Too many messages to this customer in a short time."},
	{Codes: []int{131048}, Effect: core.EffectSlow, Wait: time.Hour, Reason: "Meta limits this number because customers block or report its messages.",
		Remedy: "Look at the number's quality in the WhatsApp Manager and send less that nobody asked for."},
	{Codes: []int{131064}, Effect: core.EffectSlow, Wait: time.Hour, Reason: "Meta limits this account because of how its messages are classified.",
		Remedy: "Look at the account's notices in the WhatsApp Manager."},
	// Trouble that passes.
	{Codes: []int{1, 2, 131000, 131016, 133004, 2494100}, Effect: core.EffectRetry, Wait: 2 * time.Second, Reason: "WhatsApp has trouble at the moment."},
	{Codes: []int{131057}, Effect: core.EffectRetry, Wait: time.Minute, Reason: "The account is under maintenance at Meta."},
	// The recipient.
	{Codes: []int{131047}, Effect: core.EffectWindow, Reason: "The 24 hours after the customer's last message are over.", Remedy: "Send a template; your text is kept."},
	{Codes: []int{131026}, Effect: core.EffectFail, Reason: "The message cannot be delivered: the customer is not on WhatsApp, uses an old version, or has not accepted its terms.",
		Remedy: "Reach the customer on another channel."},
	{Codes: []int{131030}, Effect: core.EffectFail, Reason: "A test number of Meta's writes only to the numbers on its list.",
		Remedy: "Add the customer's number: App dashboard, WhatsApp, API Setup. Or use a number of your own."},
	{Codes: []int{131049}, Effect: core.EffectFail, Reason: "Meta holds back marketing to this customer, who gets much of it.", Remedy: "Try again after a day at the earliest."},
	{Codes: []int{131050}, Effect: core.EffectStop, Reason: "The customer does not want marketing from you.", Remedy: "Send no more marketing; answers to their messages still go through."},
	{Codes: []int{130403}, Effect: core.EffectFail, Reason: "You have blocked this customer on WhatsApp.", Remedy: "Unblock them in the WhatsApp Manager or on the phone."},
	{Codes: []int{130472}, Effect: core.EffectFail, Reason: "Meta leaves this customer out of marketing, for an experiment.", Remedy: "Wait until the customer writes, or use another channel."},
	{Codes: []int{131021}, Effect: core.EffectFail, Reason: "The message is addressed to the business's own number."},
	{Codes: []int{131062}, Effect: core.EffectFail, Reason: "This kind of message needs the customer's phone number, and WhatsApp tells only the user id.", Remedy: "Ask the customer for the number."},
	// The message.
	{Codes: []int{33, 100, 131008, 131009, 135000, 131014}, Effect: core.EffectFail, Reason: "WhatsApp calls the message malformed.", Remedy: developers},
	{Codes: []int{131051}, Effect: core.EffectFail, Reason: "WhatsApp does not take messages of this kind.", Remedy: "Send it as text or as a file."},
	{Codes: []int{131052}, Effect: core.EffectFail, Reason: "WhatsApp could not fetch the customer's file.", Remedy: "Ask the customer to send it again."},
	{Codes: []int{131053}, Effect: core.EffectFail, Reason: "WhatsApp could not take the file: its type or its size is not allowed, or it is damaged.", Remedy: "Send it in another format, or smaller."},
	{Codes: []int{131060}, Effect: core.EffectFail, Reason: "This message is only on the phone.", Remedy: "Open the WhatsApp Business app on the phone."},
	{Codes: []int{131063}, Effect: core.EffectFail, Reason: "Marketing over the Cloud API is switched off for this account.", Remedy: "Switch it on in the WhatsApp Manager, or use the marketing interface."},
	{Codes: []int{131055, 134100, 134101, 134102}, Effect: core.EffectFail, Reason: "This template can only be sent over Meta's marketing interface.", Remedy: "Choose another template."},
	// The template.
	{Codes: []int{132000, 132012, 132018}, Effect: core.EffectResync, Reason: "The template's values are not those that Meta has on file.", Remedy: resync},
	{Codes: []int{132001}, Effect: core.EffectResync, Reason: "Meta has no such approved template in this language.", Remedy: otherTpl},
	{Codes: []int{132005}, Effect: core.EffectResync, Reason: "The template becomes too long with these values.", Remedy: "Shorten the values."},
	{Codes: []int{132007}, Effect: core.EffectResync, Reason: "Meta says that the template, filled like this, violates its policy.", Remedy: otherTpl},
	{Codes: []int{132015}, Effect: core.EffectResync, Reason: "The template is paused, because customers disliked it.", Remedy: otherTpl},
	{Codes: []int{132016}, Effect: core.EffectResync, Reason: "The template is disabled for good, because customers disliked it.", Remedy: otherTpl},
	{Codes: []int{132068}, Effect: core.EffectFail, Reason: "The form is blocked at Meta.", Remedy: "Look at the flow in the WhatsApp Manager."},
	{Codes: []int{132069}, Effect: core.EffectRetry, Wait: time.Hour, Reason: "The form was sent too often within the hour."},
	// Only in setting up coexistence.
	{Codes: []int{2593107}, Effect: core.EffectFail, Reason: "History and contacts were asked for already.", Remedy: "Disconnect the number in the app and connect it again to get them anew."},
	{Codes: []int{2593108}, Effect: core.EffectFail, Reason: "History and contacts can only be asked for in the first 24 hours.", Remedy: "Disconnect the number in the app and connect it again to get them."},
	{Codes: []int{2593109}, Effect: core.EffectFail, Reason: "The business chose not to share its history."},
}
