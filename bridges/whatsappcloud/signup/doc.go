// Package signup serves the page on which the owner of a WhatsApp Business app connects its number to the platform, for whoever is a Tech Provider of
// Meta's. The page loads Meta's SDK, under a policy of its own, opens Meta's window, and brings back a code and what Meta's window says; here the code is
// exchanged for a token, and the number is looked at. The right to do so is a ticket that an admin made: it stands behind the "#" of the page's address,
// so that it is in nobody's log, it is good for one number and for some hours, and without it nothing is told or done.
package signup
