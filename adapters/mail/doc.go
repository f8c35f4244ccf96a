// Package mail joins Causeway to mail servers: Write puts a forward.Letter on the wire, Relay hands it to a submission server, Receiver is
// the SMTP door for agents' answers, Parse reads what came in and Authenticator finds out who really sent it.
//
// Its failures, by side:
//
//   - Outward, a server's refusal is a *forward.RelayError. Temporary ones, an unreachable server (code 0) and a refused login among them, are
//     tried again by the caller's queue with the same Message-ID; a connection that broke after the last byte may therefore deliver twice,
//     and mail clients show such a pair once.
//   - Inward, the 250 after DATA is a promise: it is given only after Options.Deliver returned nil for every recipient. Anything else is
//     answered 4xx and the sender's server tries again, so Deliver must recognise a mail that it has seen.
//   - Parse reads broken mail as far as it can be read. It refuses only what is no mail at all and what is built to exhaust the reader.
package mail
