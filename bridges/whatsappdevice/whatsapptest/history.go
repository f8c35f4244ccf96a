package whatsapptest

import (
	"bytes"
	"cmp"
	"compress/zlib"
	"slices"
	"time"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waCommon"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/proto/waHistorySync"
	"go.mau.fi/whatsmeow/proto/waWeb"
	"go.mau.fi/whatsmeow/types"
	"google.golang.org/protobuf/proto"
)

// What a phone hands over of a chat when a device is linked: the last messages at once, some more as a file. What is older it gives when asked.
const (
	atOnce = 1
	recent = 50
)

// chat is a conversation as the phone remembers it, the oldest message first.
type chat struct {
	with     *Contact
	messages []*waWeb.WebMessageInfo
}

// Remember puts a message into the phone's past, sent by the contact or by the owner.
func (p *Phone) Remember(with *Contact, mine bool, at time.Time, m *waE2E.Message) Message {
	id, sender := p.server.messageID(), with.lid
	info := &waWeb.WebMessageInfo{Key: &waCommon.MessageKey{RemoteJID: proto.String(with.lid.String()), FromMe: &mine, ID: &id}, Message: m,
		MessageTimestamp: proto.Uint64(uint64(at.Unix())), Status: waWeb.WebMessageInfo_READ.Enum()}
	if mine {
		sender = p.lid
	} else {
		info.PushName = &with.name
	}
	p.server.change(func() {
		by := with.person
		if mine {
			by = p.person
		}
		by.sent[id] = &letter{message: m, phone: p, chat: with.lid, id: id, at: at, by: by.device}
		c := p.history[with.lid]
		if c == nil {
			c = &chat{with: with}
			p.history[with.lid] = c
		}
		c.messages = append(c.messages, info)
		slices.SortStableFunc(c.messages, func(a, b *waWeb.WebMessageInfo) int {
			return cmp.Compare(a.GetMessageTimestamp(), b.GetMessageTimestamp())
		})
	})
	return Message{ID: id, Chat: with.lid, Sender: sender, At: at, Content: m}
}

// welcomes gives a device that was just linked what the account's devices share.
func (p *Phone) welcomes() {
	p.tell(p.shareKey())
	p.server.mu.Lock()
	var first, more []*waHistorySync.Conversation
	var names []*waHistorySync.Pushname
	var numbers []*waHistorySync.PhoneNumberToLIDMapping
	for _, c := range p.history {
		n := len(c.messages)
		first = append(first, c.part(max(0, n-atOnce), n))
		more = append(more, c.part(max(0, n-recent), max(0, n-atOnce)))
		names = append(names, &waHistorySync.Pushname{ID: proto.String(c.with.lid.String()), Pushname: &c.with.name})
		if !c.with.hidden {
			numbers = append(numbers, &waHistorySync.PhoneNumberToLIDMapping{PnJID: proto.String(c.with.pn.String()), LidJID: proto.String(c.with.lid.String())})
		}
	}
	p.server.mu.Unlock()
	if len(first) == 0 {
		return
	}
	p.handOver(&waHistorySync.HistorySync{SyncType: waHistorySync.HistorySync_INITIAL_BOOTSTRAP.Enum(), Conversations: first, PhoneNumberToLidMappings: numbers,
		ChunkOrder: proto.Uint32(1), Progress: proto.Uint32(50)}, "", true)
	p.handOver(&waHistorySync.HistorySync{SyncType: waHistorySync.HistorySync_PUSH_NAME.Enum(), Pushnames: names}, "", true)
	p.handOver(&waHistorySync.HistorySync{SyncType: waHistorySync.HistorySync_RECENT.Enum(), Conversations: more, ChunkOrder: proto.Uint32(1),
		Progress: proto.Uint32(100)}, "", false)
}

// part is a stretch of a chat, the newest message first, as phones give it. The lock must be held.
func (c *chat) part(from, to int) *waHistorySync.Conversation {
	out := &waHistorySync.Conversation{ID: proto.String(c.with.lid.String()), Name: &c.with.name}
	if !c.with.hidden {
		out.PnJID = proto.String(c.with.pn.String())
	}
	end := waHistorySync.Conversation_COMPLETE_BUT_MORE_MESSAGES_REMAIN_ON_PRIMARY
	if from == 0 {
		end = waHistorySync.Conversation_COMPLETE_AND_NO_MORE_MESSAGE_REMAIN_ON_PRIMARY
	}
	out.EndOfHistoryTransfer, out.EndOfHistoryTransferType = proto.Bool(true), &end
	for i := to - 1; i >= from; i-- {
		out.Messages = append(out.Messages, &waHistorySync.HistorySyncMsg{Message: c.messages[i], MsgOrderID: proto.Uint64(uint64(i + 1))})
	}
	return out
}

// handOver gives the linked devices a piece of history, within the message or as a file. An answer names the request.
func (p *Phone) handOver(h *waHistorySync.HistorySync, request string, within bool) {
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	_, _ = z.Write(mustMarshal(h))
	_ = z.Close()
	kind := waE2E.HistorySyncType(h.GetSyncType())
	n := &waE2E.HistorySyncNotification{SyncType: &kind, ChunkOrder: h.ChunkOrder, Progress: h.Progress}
	if request != "" {
		n.PeerDataRequestSessionID = &request
	}
	if within {
		n.InitialHistBootstrapInlinePayload = packed.Bytes()
	} else {
		a := p.server.attach(packed.Bytes(), whatsmeow.MediaHistory)
		n.FileSHA256, n.FileEncSHA256, n.FileLength, n.MediaKey, n.DirectPath = a.sum, a.encSum, &a.size, a.key, &a.path
	}
	p.tell(&waE2E.ProtocolMessage{Type: waE2E.ProtocolMessage_HISTORY_SYNC_NOTIFICATION.Enum(), HistorySyncNotification: n})
}

// asked is called when a linked device asks the phone for something.
func (p *Phone) asked(id string, m *waE2E.ProtocolMessage) {
	if m.GetAppStateSyncKeyRequest() != nil {
		p.tell(p.shareKey())
		return
	}
	r := m.GetPeerDataOperationRequestMessage()
	if on := r.GetHistorySyncOnDemandRequest(); on != nil {
		p.handOver(p.before(on), id, false)
	}
	for _, asked := range r.GetPlaceholderMessageResendRequest() {
		p.tellAgain(id, asked.GetMessageKey())
	}
}

// before is what came before a message that a device knows.
func (p *Phone) before(on *waE2E.PeerDataOperationRequestMessage_HistorySyncOnDemandRequest) *waHistorySync.HistorySync {
	h := &waHistorySync.HistorySync{SyncType: waHistorySync.HistorySync_ON_DEMAND.Enum(), Progress: proto.Uint32(100), ChunkOrder: proto.Uint32(1)}
	with, _ := types.ParseJID(on.GetChatJID())
	p.server.mu.Lock()
	defer p.server.mu.Unlock()
	if who := p.server.find(with); who != nil {
		with = who.lid
	}
	c := p.history[with]
	if c == nil {
		return h
	}
	end := slices.IndexFunc(c.messages, func(m *waWeb.WebMessageInfo) bool { return m.GetKey().GetID() == on.GetOldestMsgID() })
	if end < 0 {
		end = slices.IndexFunc(c.messages, func(m *waWeb.WebMessageInfo) bool {
			return int64(m.GetMessageTimestamp()) >= on.GetOldestMsgTimestampMS()
		})
	}
	if end < 0 {
		end = len(c.messages)
	}
	h.Conversations = append(h.Conversations, c.part(max(0, end-int(on.GetOnDemandMsgCount())), end))
	return h
}

// Resends has the phone give its linked devices the messages that they cannot read. It is asleep otherwise.
func (p *Phone) Resends(awake bool) { p.server.change(func() { p.awake = awake }) }

// tellAgain gives a device a message that it could not read.
func (p *Phone) tellAgain(request string, k *waCommon.MessageKey) {
	with, err := types.ParseJID(k.GetRemoteJID())
	if err != nil {
		return
	}
	p.server.mu.Lock()
	who, awake := p.server.find(with), p.awake
	var l *letter
	if who != nil {
		l = who.sent[k.GetID()]
	}
	p.server.mu.Unlock()
	if l == nil || !awake {
		return
	}
	info := &waWeb.WebMessageInfo{Key: k, Message: l.message, MessageTimestamp: proto.Uint64(uint64(l.at.Unix())), PushName: &who.name}
	kind := waE2E.PeerDataOperationRequestType_PLACEHOLDER_MESSAGE_RESEND
	p.tell(&waE2E.ProtocolMessage{Type: waE2E.ProtocolMessage_PEER_DATA_OPERATION_REQUEST_RESPONSE_MESSAGE.Enum(),
		PeerDataOperationRequestResponseMessage: &waE2E.PeerDataOperationRequestResponseMessage{PeerDataOperationRequestType: &kind, StanzaID: &request,
			PeerDataOperationResult: []*waE2E.PeerDataOperationRequestResponseMessage_PeerDataOperationResult{{PlaceholderMessageResendResponse: &waE2E.PeerDataOperationRequestResponseMessage_PeerDataOperationResult_PlaceholderMessageResendResponse{
				WebMessageInfoBytes: mustMarshal(info)}}}}})
}
