// Package messenger joins the inbox of a Facebook Page: webhooks in, the Send interface out. What it shares with Instagram is meta.Inbox.
//
// One app and one address can serve many Pages: each event bears the id of the Page it is for. People are known by ids that are good for one Page
// only, so their identities have the Page as scope.
//
// What is said in the Page's own inbox comes back as an echo and is stored as written by a person of the business; our own messages carry our key
// in their metadata and are known by it, so that neither is answered nor stored twice. Within 24 hours of the customer's last act (a message, a
// pressed button, a reaction, a link followed) anything may be sent; up to seven days only what a person wrote, tagged HUMAN_AGENT. No other tag is
// ever used.
//
// A send ends accepted, rejected or unknown. The platform does not deduplicate; an unknown send is reconciled by the key in its echo.
package messenger
