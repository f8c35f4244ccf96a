// Package outbound sends. Compose puts a message through the send gate, cuts it into parts and stores them with the job that delivers them, in
// one transaction. Deliver drains a conversation's parts strictly in order, asking the gate again right before each is handed to the bridge.
//
// What can fail, and how: a rejected send fails that message and the agent is told; a temporary one is tried again with growing delay; trouble
// with the channel's credentials or account parks the channel with its queue, which goes on in order once mended. A send whose outcome is
// unknown is never repeated unless the provider deduplicates: it waits for a receipt or an echo, then for a person.
package outbound
