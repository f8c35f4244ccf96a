// Package whatsappcloud joins a WhatsApp number on Meta's Cloud API: webhooks in, Graph calls out.
//
// What can go wrong, and what the package makes of it: a webhook without a good signature is refused unread. A signed one that is not JSON is a
// *core.Problem, for the dead letters. A signed one that is JSON always becomes events, one for each piece, so that a bad message never takes its
// neighbours with it: a piece that cannot be understood is an event with a Fault, a piece that does not concern us is core.EventOther with its
// raw text. Messages in groups are such: a reply from Causeway would go to the person, not to the group.
//
// A send ends accepted, rejected (the platform said so, or nothing left this machine) or unknown (the connection broke, or the answer cannot be
// read). The Cloud API does not deduplicate, so an unknown send is reconciled by its key, which every receipt carries.
package whatsappcloud
