package email

// Parser reads a raw mail. It never panics and reads what can be read; an error says that this is no mail, or too complex a one.
type Parser func(raw []byte) (Letter, error)

// Letter is a mail that came in.
type Letter struct {
	From       []Address
	MessageID  string // without brackets; made from a hash where the mail brings none
	InReplyTo  []string
	References []string
	Subject    string
	Header     map[string][]string // canonical names, decoded values
	Type       string              // media type of the whole
	Signed     string              // media type of a detached signature; empty if there is none
	Text       string              // all of it, as plain text
	New        string              // what the sender newly wrote: without quote and signature
	Sure       bool                // New is that, without a doubt
	Nothing    bool                // nothing of it is new, without a doubt
	Files      []File
}

// Address is a mailbox.
type Address struct{ Name, Address string }

// File is a file that a mail carries.
type File struct {
	Name string
	MIME string // without parameters
	Data []byte
}

// first returns a header field's first value, "" if there is none.
func (l Letter) first(name string) string {
	if v := l.Header[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}
