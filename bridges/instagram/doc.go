// Package instagram joins the message inbox of an Instagram professional account: webhooks in, the Send interface out. What it shares with
// Messenger is meta.Inbox.
//
// There are two log-ins. With Facebook's the account is linked to a Page, whose token does not expire and is used at graph.facebook.com. With
// Instagram's own there is no Page: calls go to graph.instagram.com with a token that is good for 60 days, can be renewed from a day after it was
// made until it ends, and never again after that. Renew gets the new one; the gateway keeps it sealed.
//
// Echoes of what the business said name no app, so an echo is taken for ours if it says what is being sent just now, else for a person's who wrote
// in the app; what comes from the account itself is never taken for a customer's. What a customer unsends is deleted here too. Stories that mention
// the account are named and not kept.
package instagram
