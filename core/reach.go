package core

// Reach is all that decides whether a contact may be written to on a channel, and at which address.
type Reach struct {
	Channel    Channel
	Contact    Contact
	Identities []Identity // the contact's, oldest first
	Wishes     []Wish     // of these, about the channel
	Window     WindowState
}
