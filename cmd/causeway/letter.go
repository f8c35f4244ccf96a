package main

import (
	"strings"

	"causeway/adapters/mail"
	"causeway/bridges/email"
	"causeway/core/forward"
	"causeway/core/forward/cut"
)

// readLetter reads a customer's mail for the e-mail bridge as agents' answers are read: parsed, and its new text cut from the quotes.
func readLetter(raw []byte) (email.Letter, error) {
	in, err := mail.Parse(raw)
	if err != nil {
		return email.Letter{}, err
	}
	l := email.Letter{MessageID: in.MessageID, InReplyTo: in.InReplyTo, References: in.References, Subject: in.Subject, Header: in.Header, Type: in.Type, Signed: in.Signed,
		Text: in.Text, Files: letterFiles(in.Files)}
	for _, a := range in.From {
		l.From = append(l.From, email.Address{Name: a.Name, Address: a.Address})
	}
	r := cut.Reply(cut.Mail{Text: in.Text, HTML: in.HTML})
	l.New, l.Sure, l.Nothing = r.Text, r.Sure, r.Nothing
	if strings.TrimSpace(l.Text) == "" { // a mail of HTML alone
		l.Text = strings.TrimSpace(r.Text + "\n\n" + r.Other)
	}
	return l, nil
}

func letterFiles(files []forward.IncomingFile) []email.File {
	var all []email.File
	for _, f := range files {
		all = append(all, email.File{Name: f.Name, MIME: f.MIME, Data: f.Data})
	}
	return all
}
