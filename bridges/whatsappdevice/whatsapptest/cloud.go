package whatsapptest

// CloudSays writes a text by the Cloud API, from the account's number: the linked devices get a copy, as of what is written on the phone.
func (p *Phone) CloudSays(to *Contact, words string, options ...SendOption) Message {
	p.server.t.Helper()
	return p.mailFrom(p.cloud, p.echo(p.cloud.jid, to, Words(words), options))
}
