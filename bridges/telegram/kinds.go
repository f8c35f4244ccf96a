package telegram

import (
	"encoding/json"
	"strings"
)

// framing reports whether a field of a message is about it rather than what it says.
func framing(name string) bool {
	switch name {
	case "message_id", "message_thread_id", "direct_messages_topic", "from", "sender_chat", "sender_boost_count", "sender_business_bot", "sender_tag", "date",
		"guest_query_id", "business_connection_id", "chat", "forward_origin", "is_topic_message", "is_automatic_forward", "reply_to_message", "external_reply",
		"quote", "reply_to_story", "reply_to_checklist_task_id", "reply_to_poll_option_id", "via_bot", "guest_bot_caller_user", "guest_bot_caller_chat", "edit_date",
		"has_protected_content", "is_from_offline", "is_paid_post", "media_group_id", "author_signature", "paid_star_count", "entities", "link_preview_options",
		"suggested_post_info", "effect_id", "caption", "caption_entities", "show_caption_above_media", "has_media_spoiler", "reply_markup", "text":
		return true
	}
	return strings.HasPrefix(name, "forward_")
}

// services are messages that Telegram writes into a chat about the chat. A customer says nothing by them.
var services = []string{"new_chat_members", "left_chat_member", "chat_owner_left", "chat_owner_changed", "new_chat_title", "new_chat_photo", "delete_chat_photo",
	"group_chat_created", "supergroup_chat_created", "channel_chat_created", "message_auto_delete_timer_changed", "migrate_from_chat_id", "pinned_message",
	"chat_shared", "connected_website", "write_access_allowed", "proximity_alert_triggered", "boost_added", "chat_background_set",
	"direct_message_price_changed", "forum_topic_created", "forum_topic_edited", "forum_topic_closed", "forum_topic_reopened",
	"general_forum_topic_hidden", "general_forum_topic_unhidden", "giveaway_created", "giveaway_completed", "managed_bot_created",
	"paid_message_price_changed", "suggested_post_approved", "suggested_post_approval_failed",
	"suggested_post_declined", "suggested_post_paid", "suggested_post_refunded", "video_chat_scheduled", "video_chat_started", "video_chat_ended",
	"video_chat_participants_invited", "community_chat_added", "community_chat_removed"}

// service reports whether the message is one of Telegram's own lines. A pinned message or a topic's opening quoted in it does not make it one.
func (m message) service(raw json.RawMessage) bool {
	if m.Text != "" || m.Caption != "" {
		return false
	}
	var fields map[string]json.RawMessage
	_ = json.Unmarshal(raw, &fields) // what is no object has no fields
	for _, name := range services {
		if v, there := fields[name]; there && string(v) != "null" && string(v) != "false" {
			return true
		}
	}
	return false
}

// unshown says why a known kind is only a placeholder.
func unshown(kind string) (string, bool) {
	switch kind {
	case "story":
		return "A story was forwarded. Telegram does not hand stories to bots; it can be seen in Telegram.", true
	case "paid_media":
		return "Photos or videos that have to be paid for in Telegram.", true
	case "passport_data":
		return "Documents shared by Telegram Passport. Causeway does not open them.", true
	case "gift", "unique_gift", "gift_upgrade_sent":
		return "A gift was sent in Telegram.", true
	case "giveaway", "giveaway_winners":
		return "A giveaway was forwarded.", true
	case "checklist_tasks_done":
		return "Tasks of a checklist were ticked off, or no longer are. Telegram does not say which.", true
	case "photo", "video", "animation", "audio", "document", "voice", "video_note", "sticker", "live_photo":
		return "A file came without the id by which it could be fetched.", true
	}
	return "", false
}

// plainOf gathers the words of a rich message, a block on a line.
func plainOf(raw json.RawMessage) string {
	var root struct {
		Blocks []any `json:"blocks"`
	}
	if len(raw) == 0 || json.Unmarshal(raw, &root) != nil {
		return ""
	}
	var s strings.Builder
	for _, b := range root.Blocks {
		wordsOf(&s, b, 0)
		s.WriteString("\n")
	}
	return strings.ReplaceAll(s.String(), "\x00", "")
}

// maxDepth bounds how deep a rich message is followed.
const maxDepth = 32

// wordsOf writes what can be read of a node of a rich message: a text, a list of nodes, or an object of them.
func wordsOf(s *strings.Builder, node any, depth int) {
	switch n := node.(type) {
	case string:
		s.WriteString(n)
	case []any:
		for i, x := range n {
			if _, block := x.(map[string]any); block && i > 0 && depth > 0 && blockish(x) {
				s.WriteString("\n")
			}
			if depth < maxDepth {
				wordsOf(s, x, depth+1)
			}
		}
	case map[string]any:
		for _, field := range []string{"label", "summary", "text", "alternative_text", "expression", "blocks", "items", "cells", "caption", "credit"} {
			if x, there := n[field]; there && depth < maxDepth {
				wordsOf(s, x, depth+1)
			}
		}
	}
}

// blockish reports whether a node starts a line of its own.
func blockish(node any) bool {
	m, _ := node.(map[string]any)
	_, blocks := m["blocks"]
	kind, _ := m["type"].(string)
	return blocks || kind == "paragraph" || kind == "list_item" || kind == "section_heading" || kind == "preformatted"
}
