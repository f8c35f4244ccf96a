// Package workflow is the inbound workflow: what Causeway does by itself from the moment a contact writes until a person answers, and after.
//
// Everything that happens in a conversation is kept as a core.Happening until automation has dealt with it. The Driver shows it to the followers in
// their order, in one job per conversation.
package workflow
