package whatsappdevice

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"causeway/core"

	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// FuzzMessage: whatever fields a message has, and whichever it lacks, it is read without a panic, comes with an id, and shows something where it shows at all.
func FuzzMessage(f *testing.F) {
	for seed := range uint64(400) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		dice := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // the same each time
		whole := &waE2E.Message{}
		random(dice, whole.ProtoReflect(), 5)
		source := types.MessageSource{Chat: jid(t, []string{anaLID, anaPN, street}[dice.IntN(3)]), Sender: jid(t, anaLID), IsFromMe: dice.IntN(3) == 0}
		source.IsGroup = source.Chat.Server == types.GroupServer
		info := types.MessageInfo{ID: "3A0001", Timestamp: time.Unix(1772366400, 0), MessageSource: source}
		wire, err := proto.Marshal(whole)
		if err != nil {
			t.Skip() // it could not have come
		}
		raw := &waE2E.Message{}
		if err := proto.Unmarshal(wire, raw); err != nil {
			t.Skip()
		}
		r := reader{book: pages{t}, groups: true}
		for _, e := range r.message(t.Context(), (&events.Message{Info: info, RawMessage: raw}).UnwrapRaw()) {
			if _, err := json.Marshal(e); err != nil || e.ID == "" || len(e.Peer.Identities) == 0 {
				t.Errorf("%+v: %v", e, err)
			}
			if c := content(e); c != nil && !shows(*c) {
				t.Errorf("nothing to be seen in %+v\nof %.2000s", *c, protojson.Format(raw))
			}
		}
		_ = pollOf(raw)
	})
}

func content(e core.Event) *core.Content {
	switch {
	case e.Message != nil:
		return &e.Message.Content
	case e.Edit != nil:
		return &e.Edit.Content
	}
	return nil
}

// shows reports whether people have something to see.
func shows(c core.Content) bool {
	return strings.TrimSpace(c.Text) != "" || c.Media != nil || c.Location != nil || len(c.Contacts) > 0 || c.Choice != nil || c.Form != nil || c.Order != nil || c.Unsupported != nil
}

// random sets some fields of a message, and of those in it so deep.
func random(dice *rand.Rand, m protoreflect.Message, deep int) {
	fields := m.Descriptor().Fields()
	if fields.Len() == 0 {
		return
	}
	for range 1 + dice.IntN(3) {
		f := fields.Get(dice.IntN(fields.Len()))
		switch {
		case f.IsMap():
		case f.IsList():
			for range dice.IntN(3) {
				item := m.Mutable(f).List().NewElement()
				if f.Message() == nil {
					item = scalar(dice, f)
				} else if deep > 0 {
					random(dice, item.Message(), deep-1)
				}
				m.Mutable(f).List().Append(item)
			}
		case f.Message() != nil:
			if sub := m.Mutable(f).Message(); deep > 0 && dice.IntN(5) > 0 {
				random(dice, sub, deep-1)
			}
		default:
			m.Set(f, scalar(dice, f))
		}
	}
}

func scalar(dice *rand.Rand, f protoreflect.FieldDescriptor) protoreflect.Value {
	texts := []string{"", " ", "hello", anaPN, street, `{"id":"1","title":"x"}`, "BEGIN:VCARD\nTEL:\nN:;\n;;\nEND:VCARD", "\u202e", strings.Repeat("x", 200)}
	numbers := []int64{0, 1, -1, 1 << 31, 1<<62 + 1}
	n := numbers[dice.IntN(len(numbers))]
	switch f.Kind() {
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(n != 0)
	case protoreflect.EnumKind:
		return protoreflect.ValueOfEnum(protoreflect.EnumNumber(dice.IntN(20)))
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		return protoreflect.ValueOfInt32(int32(n)) //nolint:gosec // any number will do
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		return protoreflect.ValueOfUint32(uint32(n)) //nolint:gosec // any number will do
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind:
		return protoreflect.ValueOfInt64(n)
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return protoreflect.ValueOfUint64(uint64(n)) //nolint:gosec // any number will do
	case protoreflect.FloatKind:
		return protoreflect.ValueOfFloat32(float32(n))
	case protoreflect.DoubleKind:
		return protoreflect.ValueOfFloat64(float64(n))
	case protoreflect.BytesKind:
		return protoreflect.ValueOfBytes([]byte(texts[dice.IntN(len(texts))]))
	default:
		return protoreflect.ValueOfString(texts[dice.IntN(len(texts))])
	}
}
