package telegram

import (
	"time"

	"causeway/core"
)

const (
	newToken    = "Write /token to @BotFather, put the bot's token into the channel and resume it."
	otherWay    = "Reach the customer on another channel, or wait until they write again."
	otherFile   = "Send it in another format, or as a document."
	reconnect   = "Have the owner connect the bot again: Telegram, Settings, Telegram Business, Chatbots."
	allowChat   = "In Telegram, Settings, Telegram Business, Chatbots, the owner can let the bot into this chat and let it reply."
	asAdmin     = "Make the bot an administrator of the group, or let members write."
	rewrite     = "Change the message and send it again."
	reportIt    = "Report it with the channel log's entry; nothing can be done in the mailbox."
	sendShorter = "Send it in pieces."
)

// meanings is what Telegram's refusals mean, the more special ones first. Sources: the Bot API's page and its server's texts, Telegram's list of
// errors, and what peers learned.
var meanings = []meaning{
	// The bot.
	{code: 401, effect: core.EffectPark, reason: "The bot's token is no longer valid.", remedy: newToken},
	{code: 404, effect: core.EffectPark, reason: "Telegram knows no bot with this token.", remedy: newToken},
	{code: 409, effect: core.EffectPark, reason: "Another program uses the same bot.", remedy: "Stop the other program, or make a bot of its own for it."},
	{words: []string{"logged out"}, effect: core.EffectPark, reason: "The bot was moved to another Bot API server.", remedy: "Correct the API base, or wait ten minutes after the bot was logged out."},
	// How much, how fast. Telegram holds the whole bot back.
	{code: 429, effect: core.EffectSlow, wait: time.Second, reason: "Telegram asks the bot to slow down."},
	{code: 420, effect: core.EffectSlow, wait: time.Second, reason: "Telegram asks the bot to slow down."},
	{words: []string{"flood_wait", "slowmode_wait"}, effect: core.EffectSlow, wait: 10 * time.Second, reason: "Telegram asks the bot to slow down."},
	// The owner's account.
	{words: []string{"BUSINESS_PEER_USAGE_MISSING"}, effect: core.EffectWindow, reason: "The 24 hours after the customer's last message are over.",
		remedy: "Wait until the customer writes again, or let the owner answer in the app."},
	{words: []string{"BUSINESS_PEER_INVALID"}, effect: core.EffectFail, reason: "The owner's account does not let the bot answer in this chat.", remedy: allowChat},
	{words: []string{"BUSINESS_CONNECTION_NOT_ALLOWED"}, effect: core.EffectFail, reason: "This cannot be done in a chat of the owner's account.", remedy: "Do it in the app."},
	{words: []string{"BUSINESS_CONNECTION_INVALID", "business connection not found", "BUSINESS_CONNECTION_DISABLED"}, effect: core.EffectFail,
		reason: "The bot is no longer connected to the owner's account.", remedy: reconnect},
	{words: []string{"BOT_ACCESS_FORBIDDEN"}, effect: core.EffectFail, reason: "The owner's account does not let the bot do this.", remedy: allowChat},
	// The customer.
	{words: []string{"YOU_BLOCKED_USER"}, effect: core.EffectFail, reason: "The owner's account has blocked this customer.", remedy: "Have the owner unblock them in Telegram."},
	{words: []string{"blocked by the user", "USER_IS_BLOCKED"}, effect: core.EffectBlock, reason: "The customer has blocked the bot.", remedy: otherWay},
	{words: []string{"user is deactivated", "USER_DEACTIVATED", "INPUT_USER_DEACTIVATED"}, effect: core.EffectFail, reason: "The customer's Telegram account no longer exists.",
		remedy: "Reach the customer on another channel."},
	{words: []string{"can't initiate conversation"}, effect: core.EffectFail, reason: "A bot may not write first, and this customer has not started it.",
		remedy: "Send the customer the bot's link on another channel."},
	{words: []string{"can't send messages to bots", "messages to bots", "USER_IS_BOT"}, effect: core.EffectFail, reason: "The recipient is a bot."},
	{words: []string{"chat not found", "user not found", "PEER_ID_INVALID", "USER_ID_INVALID", "chat_id is empty", "CHAT_ID_INVALID"}, effect: core.EffectFail,
		reason: "Telegram does not know this recipient, or not for this bot.", remedy: "Wait until they write to the bot, or use another channel."},
	{words: []string{"PRIVACY_PREMIUM_REQUIRED", "PREMIUM_ACCOUNT_REQUIRED"}, effect: core.EffectFail, reason: "The customer takes messages from Premium accounts only.", remedy: otherWay},
	{words: []string{"ALLOW_PAYMENT_REQUIRED", "PAYMENT_REQUIRED", "not enough stars"}, effect: core.EffectFail, reason: "The recipient takes paid messages only.", remedy: otherWay},
	{words: []string{"VOICE_MESSAGES_FORBIDDEN"}, effect: core.EffectFail, reason: "The customer does not take voice messages.", remedy: "Send the recording as a file, or write."},
	{words: []string{"VIDEO_MESSAGES_FORBIDDEN"}, effect: core.EffectFail, reason: "The customer does not take video messages.", remedy: "Send the video as a file, or write."},
	// The group.
	{words: []string{"kicked", "not a member", "group chat was deleted", "group is deactivated", "CHANNEL_PRIVATE", "left the chat"}, effect: core.EffectFail,
		reason: "The bot is no longer in this group.", remedy: "Add the bot to the group again."},
	{words: []string{"migrated to a supergroup", "upgraded to a supergroup"}, effect: core.EffectFail, reason: "The group has a new id.", remedy: "Wait for the next message from it, then answer."},
	{words: []string{"TOPIC_CLOSED"}, effect: core.EffectFail, reason: "The topic is closed.", remedy: "Reopen the topic in Telegram."},
	{words: []string{"message thread not found", "TOPIC_DELETED", "TOPIC_ID_INVALID"}, effect: core.EffectFail, reason: "The topic no longer exists.", remedy: "Wait until the customer writes again."},
	{words: []string{"not enough rights", "no rights to send", "have no write access", "CHAT_WRITE_FORBIDDEN", "CHAT_ADMIN_REQUIRED", "administrator rights", "CHAT_RESTRICTED",
		"CHAT_SEND_", "CHAT_GUEST_SEND_FORBIDDEN"}, effect: core.EffectFail, reason: "The bot may not send this in this group.", remedy: asAdmin},
	// The text.
	{words: []string{"message is too long", "MESSAGE_TOO_LONG", "caption is too long", "MEDIA_CAPTION_TOO_LONG"}, effect: core.EffectFail, reason: "The text is longer than Telegram takes.", remedy: sendShorter},
	{words: []string{"message text is empty", "MESSAGE_EMPTY", "text must be non-empty"}, effect: core.EffectFail, reason: "The message has no text that Telegram would show.", remedy: rewrite},
	{words: []string{"can't parse"}, effect: core.EffectFail, reason: "Telegram cannot read the formatting of the text.", remedy: rewrite},
	{words: []string{"must be encoded in UTF-8"}, effect: core.EffectFail, reason: "The text is not valid.", remedy: rewrite},
	// Buttons. What is wrong with the address of one is worded as what is wrong with that of a file.
	{words: []string{"BUTTON_URL_INVALID", "BUTTON_TYPE_INVALID", "BUTTON_DATA_INVALID", "inline keyboard", "REPLY_MARKUP_"}, effect: core.EffectFail, reason: "Telegram does not take one of the buttons.",
		remedy: "Check the links and the ids of the choices."},
	// The file.
	{words: []string{"failed to get http url content", "wrong type of the web page content", "WEBPAGE_CURL_FAILED", "WEBPAGE_MEDIA_EMPTY", "wrong file identifier/http url", "wrong http url", "EXTERNAL_URL_INVALID"},
		effect: core.EffectFail, reason: "Telegram could not fetch the file from its address.", remedy: "Attach the file itself."},
	{words: []string{"PHOTO_INVALID_DIMENSIONS", "IMAGE_PROCESS_FAILED", "PHOTO_EXT_INVALID", "PHOTO_SAVE_FILE_INVALID", "PHOTO_INVALID"}, effect: core.EffectFail,
		reason: "Telegram does not take this picture as a photo.", remedy: "Send it as a document."},
	{words: []string{"file is too big", "too large", "file of size"}, effect: core.EffectFail, reason: "The file is larger than Telegram takes from a bot.", remedy: "Send it smaller, or as a link."},
	{code: 413, effect: core.EffectFail, reason: "The file is larger than Telegram takes from a bot.", remedy: "Send it smaller, or as a link."},
	{words: []string{"file must be non-empty", "FILE_PARTS_INVALID", "FILE_PART_", "wrong file", "STICKER_", "VIDEO_FILE_INVALID", "MEDIA_INVALID", "VIDEO_CONTENT_TYPE_INVALID", "failed to upload file"},
		effect: core.EffectFail, reason: "Telegram does not take this file: it is empty, damaged or of another type.", remedy: otherFile},
	// Reactions, changes.
	{words: []string{"REACTION_INVALID", "REACTION_EMPTY", "REACTIONS_TOO_MANY"}, effect: core.EffectFail, reason: "Telegram does not take this emoji as a reaction.", remedy: "Choose one of those that Telegram offers, such as 👍."},
	{words: []string{"message to react not found", "message to edit not found", "message to delete not found", "MESSAGE_ID_INVALID", "message identifier is not specified"}, effect: core.EffectFail,
		reason: "The message no longer exists in Telegram."},
	{words: []string{"can't be edited", "MESSAGE_AUTHOR_REQUIRED", "MESSAGE_EDIT_TIME_EXPIRED"}, effect: core.EffectFail, reason: "Telegram no longer lets this message be changed.", remedy: "Send a correction."},
	{words: []string{"can't be deleted", "MESSAGE_DELETE_FORBIDDEN"}, effect: core.EffectFail, reason: "Telegram no longer lets this message be deleted.", remedy: "Send a correction."},
	{words: []string{"message to be replied not found", "replied message not found"}, effect: core.EffectFail, reason: "The message answered to no longer exists.", remedy: "Send it without the quotation."},
	{words: []string{"query is too old", "QUERY_ID_INVALID"}, effect: core.EffectFail, reason: "The button was pressed too long ago."},
	// Trouble that passes.
	{words: []string{"temporarily unavailable", "Too Many Requests"}, effect: core.EffectRetry, wait: 2 * time.Second, reason: "Telegram has trouble at the moment."},
	{code: 500, effect: core.EffectRetry, wait: 2 * time.Second, reason: "Telegram has trouble at the moment."},
	{code: 503, effect: core.EffectRetry, wait: 2 * time.Second, reason: "Telegram has trouble at the moment."},
	// What the words do not tell.
	{code: 403, effect: core.EffectFail, reason: "Telegram does not let the bot write to this recipient.", remedy: otherWay},
	{code: 405, effect: core.EffectFail, reason: "Telegram calls the request malformed.", remedy: reportIt},
}
