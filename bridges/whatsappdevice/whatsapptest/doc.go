// Package whatsapptest is a WhatsApp for tests: a server of the multi-device protocol on the loopback, the owner's phone and the contacts that write.
// The client on the other side is whatsmeow as it is, no fork: it is only given an HTTP client that reaches this server whatever host it names, and
// the root key that signs this server's certificate.
//
// A test says what people do: the phone scans a code, a contact writes, the owner answers on the phone, WhatsApp is down. The server keeps what a
// device has not acknowledged and hands it out again at its next login, so that what is lost and what comes twice shows.
//
// It repeats our reading of the protocol and nothing more: what the real service accepts, and for how long, it cannot prove.
//
// The package trusts its own root in the whole process, and is therefore for tests alone: a test of the command sees to it that no program contains it.
package whatsapptest
