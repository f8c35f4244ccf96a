package whatsappdevice

import "go.mau.fi/whatsmeow/proto/waE2E"

// mostWrappers bounds how deep a message lies in others.
const mostWrappers = 8

// unwrapped is what a message holds within the wrappers that whatsmeow leaves on: those of an album's pictures, of what a bot said, and of whatever
// WhatsApp will wrap next. What travels beside a wrapper stays with what it held.
func unwrapped(m *waE2E.Message) *waE2E.Message {
	for range mostWrappers {
		inner := wrapper(m).GetMessage()
		if inner == nil || inner.GetProtocolMessage() != nil { // that a status mentions us, say: there is nothing else in it
			return m
		}
		if inner.MessageContextInfo == nil {
			inner.MessageContextInfo = m.GetMessageContextInfo()
		}
		m = inner
	}
	return m
}

// wrapper is what holds the message, nil for nothing.
func wrapper(m *waE2E.Message) (w *waE2E.FutureProofMessage) {
	m.ProtoReflect().Range(func(f fieldDescriptor, v fieldValue) bool {
		if f.Message() != nil && !f.IsList() && !f.IsMap() {
			w, _ = v.Message().Interface().(*waE2E.FutureProofMessage)
		}
		return w == nil
	})
	return w
}

// version says of a picture or film that it is one more version of what was sent just before it, "" for none. Needless is one that only newer phones
// play.
func version(m *waE2E.Message) (which string, needless bool) {
	switch m.GetMessageContextInfo().GetMessageAssociation().GetAssociationType() {
	case waE2E.MessageAssociation_HD_IMAGE_DUAL_UPLOAD, waE2E.MessageAssociation_HD_VIDEO_DUAL_UPLOAD:
		return "(the same in higher quality)", false
	case waE2E.MessageAssociation_MOTION_PHOTO:
		return "(the moving part of the picture)", false
	case waE2E.MessageAssociation_HEVC_VIDEO_DUAL_UPLOAD:
		return "", true
	default:
		return "", false
	}
}
