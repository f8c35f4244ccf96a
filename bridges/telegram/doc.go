// Package telegram joins a Telegram bot: updates by webhook or long polling, answers by the Bot API. A bot that is connected to the owner's own
// account (Telegram Business) shares that account with the app: what the owner types there comes in as said by the business.
//
// What can go wrong, and what the package makes of it: a webhook without the secret token is refused unread. A body that is not JSON is a
// *core.Problem, for the dead letters. One that is JSON always becomes at least one event: what cannot be understood has a Fault, what does not
// concern us is core.EventOther with its raw text, a kind of message that is not known is a placeholder with its raw text.
//
// Private chats are customers. Groups are kept in the log only, unless the setting groups makes each of them a contact; posts of channels always
// are. What has no field in the domain is in the identity that a message comes from: the business connection in its scope, the topic behind its
// chat id. An answer goes back to where the contact last wrote.
//
// A send ends accepted, rejected (Telegram said so, or nothing left this machine) or unknown (the connection broke, or the answer cannot be
// read). Telegram does not deduplicate and reports no receipts, so an unknown send is for a person to judge.
package telegram
