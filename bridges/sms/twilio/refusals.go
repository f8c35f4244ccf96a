package twilio

import (
	"time"

	"causeway/core"
)

const (
	mendToken   = "Put the account's SID and token into the channel, or a new API key, and resume it."
	mendAccount = "Look at the account in Twilio's console, mend what it complains of, then resume the channel."
	mendSender  = "Correct the sender in the channel, or set the number up in Twilio's console, then resume the channel."
	register    = "Register the sender and its use in Twilio's console (Trust Hub, regulatory compliance)."
	otherWay    = "Reach the customer on another channel."
	checkNumber = "Check the number with the customer."
	otherFile   = "Send the file in another format, smaller, or as a link."
	otherTpl    = "Choose another template, or read the templates anew."
	template    = "Send a template; your text is kept."
)

// refusal is what error codes of Twilio mean for us, in an answer to a send or in a callback.
type refusal struct {
	codes  []int
	effect core.Effect
	wait   time.Duration
	alarm  bool // an admin must hear of it, though the channel goes on
	silent bool // the customer gets nothing any more, rather than no marketing alone
	reason string
	remedy string
}

// refusals follows Twilio's dictionary of error codes.
var refusals = []refusal{
	// Credentials and account.
	{codes: []int{20003, 20006, 20101, 20102, 20103, 20104, 20105, 20107, 20151, 20160, 20403}, effect: core.EffectPark, reason: "Twilio does not accept the account SID and the token.", remedy: mendToken},
	{codes: []int{20005, 10001, 21472, 30002, 90010}, effect: core.EffectPark, reason: "The Twilio account is suspended or closed.", remedy: mendAccount},
	{codes: []int{20404, 20010, 20008, 21470, 21471, 20423}, effect: core.EffectPark, reason: "Twilio does not know the account, or does not let it send messages.", remedy: mendToken},
	{codes: []int{63020, 63001, 63008}, effect: core.EffectPark, reason: "The sender's account at the channel's operator is not in order.", remedy: mendAccount},
	// The sender.
	{codes: []int{21212, 21601, 21603, 21606, 21607, 21616, 21659, 21660, 21661, 63002, 63007}, effect: core.EffectPark, reason: "Twilio cannot send messages from the channel's sender.", remedy: mendSender},
	{codes: []int{21701, 21702, 21703, 21704, 21705, 30124, 30127}, effect: core.EffectPark, reason: "The messaging service is missing, or has no sender.", remedy: mendSender},
	{codes: []int{21621, 21622}, effect: core.EffectFail, reason: "The sender cannot send files.", remedy: "Send a link, or use a number with MMS."},
	{codes: []int{21709, 30018, 30024, 63022}, effect: core.EffectFail, alarm: true, reason: "The sender is not registered where this customer is.", remedy: register},
	{codes: []int{30034, 30032, 30033, 30035, 21717}, effect: core.EffectFail, alarm: true, reason: "The sender is not registered for business messages in the United States.", remedy: register},
	{codes: []int{21408, 21215}, effect: core.EffectFail, alarm: true, reason: "The Twilio account does not allow messages to this country.", remedy: "Allow the country in Twilio's console (Messaging, Settings, Geo permissions)."},
	{codes: []int{21608, 21219, 63015, 63035}, effect: core.EffectFail, reason: "The account is on trial, and this customer has not been verified or has not joined.", remedy: "Verify the number in Twilio's console, or upgrade the account."},
	// How much, how fast.
	{codes: []int{20429, 14107, 63017, 63018, 30022, 45014}, effect: core.EffectSlow, wait: 5 * time.Second, reason: "More messages than Twilio or the carrier allows in this time."},
	{codes: []int{21611, 30001}, effect: core.EffectSlow, wait: time.Minute, reason: "Too many messages of this sender wait at Twilio."},
	{codes: []int{30017}, effect: core.EffectRetry, wait: 5 * time.Minute, reason: "The carrier's network is congested."},
	{codes: []int{30023, 30027, 63038}, effect: core.EffectSlow, wait: time.Hour, alarm: true, reason: "The sender has used up its messages for the day.", remedy: "Wait until tomorrow, or have the limit raised in Twilio's console."},
	{codes: []int{20500, 20503, 30020, 30021, 30410, 63009, 63010, 63012}, effect: core.EffectRetry, wait: 10 * time.Second, reason: "Twilio has trouble at the moment."},
	// The recipient.
	{codes: []int{21610}, effect: core.EffectStop, silent: true, reason: "The customer has answered STOP and gets no more messages from this sender.", remedy: "Wait until they write START, or use another channel."},
	{codes: []int{21211, 21217, 21214, 21401, 21421, 21604, 21614, 20023, 30014, 63003, 63024}, effect: core.EffectFail, reason: "The number cannot get messages.", remedy: checkNumber},
	{codes: []int{21612, 30003, 30005, 30006, 30011}, effect: core.EffectFail, reason: "The customer's phone or carrier cannot be reached.", remedy: "Try again later, or " + "reach the customer on another channel."},
	{codes: []int{63014}, effect: core.EffectBlock, reason: "The customer has blocked the sender in their app.", remedy: "Reach the customer on another channel, or wait until they write again."},
	{codes: []int{30004, 21216, 63033, 63032}, effect: core.EffectFail, reason: "The message was blocked on the customer's side.", remedy: otherWay},
	{codes: []int{30016, 30015, 63031, 63036}, effect: core.EffectFail, reason: "This sender cannot write to this customer.", remedy: otherWay},
	// The message.
	{codes: []int{30007, 63013, 63026}, effect: core.EffectFail, alarm: true, reason: "The carrier filtered the message as unwanted.", remedy: "Word it differently, and see in Twilio's console why messages of this sender are filtered."},
	{codes: []int{30008, 30009, 63023}, effect: core.EffectFail, reason: "The carrier did not deliver the message and did not say why.", remedy: "Send it again, or shorter."},
	{codes: []int{21602, 21619, 21618}, effect: core.EffectFail, reason: "Twilio calls the message empty or impossible to send.", remedy: "Write it differently."},
	{codes: []int{21605, 21617, 30019}, effect: core.EffectFail, reason: "The message is too long.", remedy: "Send it in pieces."},
	{codes: []int{21620, 21623, 11751, 12300, 63005, 63006, 63019, 63021, 63034, 63037}, effect: core.EffectFail, reason: "Twilio or the carrier could not take the file.", remedy: otherFile},
	{codes: []int{21609, 21626}, effect: core.EffectPark, reason: "Twilio does not accept the gateway's public address for its callbacks.", remedy: "Set the public URL of this gateway to one that can be reached, then resume the channel."},
	{codes: []int{30010, 21627}, effect: core.EffectFail, reason: "The message costs more than the account allows.", remedy: mendAccount},
	// WhatsApp.
	{codes: []int{63016}, effect: core.EffectWindow, reason: "The 24 hours after the customer's last message are over.", remedy: template},
	{codes: []int{21654, 21655, 21656, 63027, 63028, 63029, 63040}, effect: core.EffectResync, reason: "The template or its values are not those that Twilio has.", remedy: otherTpl},
	{codes: []int{63041, 63042}, effect: core.EffectResync, reason: "The template is paused or disabled, because customers disliked it.", remedy: otherTpl},
	{codes: []int{63030}, effect: core.EffectFail, reason: "WhatsApp does not take messages of this kind.", remedy: "Send it as text."},
	{codes: []int{63049}, effect: core.EffectFail, reason: "Meta holds back marketing to this customer, who gets much of it.", remedy: "Try again after a day at the earliest."},
	{codes: []int{63050}, effect: core.EffectStop, reason: "The customer does not want marketing from you.", remedy: "Send no more marketing; answers to their messages still go through."},
}
