package whatsappdevice

import (
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// deepestWords is how deep in a message words are looked for.
const deepestWords = 4

// wordsIn gathers, in order, what people wrote or are to read in a message of a kind that is not known: fields that hold such have the same few names in
// all kinds. What it refers to is not its own.
func wordsIn(m protoreflect.Message, deep int) (all []string) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		switch {
		case !m.Has(f) || f.IsList() || f.IsMap():
		case f.Kind() == protoreflect.StringKind && forPeople(f.Name()):
			all = append(all, plain(m.Get(f).String()))
		case f.Message() == nil || deep == 0:
		case f.Message() == contextKind || f.Message() == infoKind:
		default:
			all = append(all, wordsIn(m.Get(f).Message(), deep-1)...)
		}
	}
	return all
}

func forPeople(name protoreflect.Name) bool {
	switch name {
	case "conversation", "text", "caption", "note", "title", "name", "description", "packDescription", "body", "eventTitle", "newsletterName", "optionName", "author":
		return true
	}
	return false
}

var (
	contextKind = (&waE2E.ContextInfo{}).ProtoReflect().Descriptor()
	infoKind    = (&waE2E.MessageContextInfo{}).ProtoReflect().Descriptor()
)

// contextOf is what a message of any kind refers to, nil for nothing.
func contextOf(m *waE2E.Message) (c *waE2E.ContextInfo) {
	m.ProtoReflect().Range(func(f fieldDescriptor, v fieldValue) bool {
		if f.Message() == nil {
			return true
		}
		if own := f.Message().Fields().ByName("contextInfo"); own != nil && own.Message() == contextKind && v.Message().Has(own) {
			c, _ = v.Message().Get(own).Message().Interface().(*waE2E.ContextInfo)
		}
		return c == nil
	})
	return c
}

// toStatus reports whether what a message refers to is a status, which is in no chat.
func toStatus(c *waE2E.ContextInfo) bool {
	return c.GetRemoteJID() == types.StatusBroadcastJID.String()
}
