// Package x joins the direct messages of an X (formerly Twitter) account: what customers write comes by the webhook of the Account Activity API,
// answers go out by version 2 of the interface, signed with the account's own OAuth 1.0a token, which does not expire. It is written from X's
// documentation and experimental until a person has run it against the real service.
//
// What can go wrong, and what the package makes of it: a webhook without X's signature over its raw body is refused unread. A body that is not
// JSON is a *core.Problem, for the dead letters; one that is becomes at least one event. What cannot be understood has a Fault, and what does not
// concern us (posts, follows, likes) is core.EventOther with its raw text.
//
// X proves that we hold the app's secret by having us sign a word of its choice, with the key and in the form in which it signs webhooks itself.
// Whoever calls our address may ask for that. So only words are signed that can be no webhook: what we sign for others is refused as a body.
//
// A send ends accepted, rejected (X said so, or nothing left this machine) or unknown (the connection broke, or the answer cannot be read). X does
// not deduplicate, but reports each message of the account by the same webhook: an unknown send is found again by that echo.
//
// Quick replies, the typing mark and the read mark exist only in version 1.1 of the interface, which not every plan has; the setting version_1
// says whether to use them.
package x
