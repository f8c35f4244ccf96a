package telegram

import (
	"encoding/json"
	"strings"
)

// user is a person or a bot.
type user struct {
	ID       number `json:"id"`
	Bot      truth  `json:"is_bot"`
	First    text   `json:"first_name"`
	Last     text   `json:"last_name"`
	Username text   `json:"username"`
}

func (u user) name() string { return fullName(u.First, u.Last) }

func fullName(first, last text) string {
	return strings.TrimSpace(strings.TrimSpace(string(first)) + " " + strings.TrimSpace(string(last)))
}

// chat is where a message stands.
type chat struct {
	ID       number `json:"id"`
	Type     text   `json:"type"`
	Title    text   `json:"title"`
	First    text   `json:"first_name"`
	Last     text   `json:"last_name"`
	Username text   `json:"username"`
}

// private reports whether it is a chat with one person. Their ids are above zero.
func (c chat) private() bool { return c.Type == "private" || c.Type == "" && c.ID > 0 }

// channel reports whether only the business speaks in it.
func (c chat) channel() bool { return c.Type == "channel" }

type entity struct {
	Type   text   `json:"type"`
	Offset number `json:"offset"` // in UTF-16 units
	Length number `json:"length"`
	URL    text   `json:"url"`
}

// message is a message of any kind. Kinds that are not here are found in its raw text.
type message struct {
	ID          number `json:"message_id"`
	Thread      number `json:"message_thread_id"`
	InTopic     truth  `json:"is_topic_message"`
	DirectTopic *struct {
		ID   number `json:"topic_id"`
		User *user  `json:"user"`
	} `json:"direct_messages_topic"`
	From        *user  `json:"from"`
	SenderChat  *chat  `json:"sender_chat"`
	BusinessBot *user  `json:"sender_business_bot"`
	Date        number `json:"date"`
	Edited      number `json:"edit_date"`
	Connection  text   `json:"business_connection_id"`
	Offline     truth  `json:"is_from_offline"`
	Album       text   `json:"media_group_id"`
	Chat        chat   `json:"chat"`

	Origin *struct { // of what is forwarded
		Chat chat   `json:"chat"` // a channel
		ID   number `json:"message_id"`
	} `json:"forward_origin"`
	ForwardDate number `json:"forward_date"` // before Bot API 7
	ReplyTo     *struct {
		ID number `json:"message_id"`
	} `json:"reply_to_message"`
	Picked *struct {
		Text   text  `json:"text"`
		Manual truth `json:"is_manual"`
	} `json:"quote"`
	Elsewhere *struct { // it answers a message of another chat
		Chat chat   `json:"chat"`
		ID   number `json:"message_id"`
		body
	} `json:"external_reply"`
	ToStory *struct {
		Chat chat   `json:"chat"`
		ID   number `json:"id"`
	} `json:"reply_to_story"`
	MigrateTo number `json:"migrate_to_chat_id"`
	Markup    *struct {
		Rows [][]struct {
			Text text `json:"text"`
			Data text `json:"callback_data"`
		} `json:"inline_keyboard"`
	} `json:"reply_markup"`
	body
}

// body is what a message says.
type body struct {
	Text            text        `json:"text"`
	Entities        []entity    `json:"entities"`
	Caption         text        `json:"caption"`
	CaptionEntities []entity    `json:"caption_entities"`
	Photo           []photoSize `json:"photo"`
	Animation       *fileInfo   `json:"animation"`
	Audio           *fileInfo   `json:"audio"`
	Document        *fileInfo   `json:"document"`
	Video           *fileInfo   `json:"video"`
	VideoNote       *fileInfo   `json:"video_note"`
	Voice           *fileInfo   `json:"voice"`
	LivePhoto       *fileInfo   `json:"live_photo"`
	Sticker         *fileInfo   `json:"sticker"`
	Contact         *contact    `json:"contact"`
	Location        *location   `json:"location"`
	Venue           *venue      `json:"venue"`
	Dice            *dice       `json:"dice"`
	Game            *titled     `json:"game"`
	Poll            *poll       `json:"poll"`
	Checklist       *checklist  `json:"checklist"`
	Invoice         *invoice    `json:"invoice"`
	Paid            *amount     `json:"successful_payment"`
	Refunded        *amount     `json:"refunded_payment"`
	WebApp          *webApp     `json:"web_app_data"`
	Users           *struct {
		Users []chosen `json:"users"`
	} `json:"users_shared"`
	Ticked   *ticked   `json:"checklist_tasks_done"`
	Listed   *listed   `json:"checklist_tasks_added"`
	Offered  *answered `json:"poll_option_added"`
	TakenOut *answered `json:"poll_option_deleted"`
	Gift     struct {
		Text     text     `json:"text"`
		Entities []entity `json:"entities"`
	} `json:"gift"`
	Rich json.RawMessage `json:"rich_message"`
}

type photoSize struct {
	File   text   `json:"file_id"`
	Width  number `json:"width"`
	Height number `json:"height"`
	Size   number `json:"file_size"`
}

// fileInfo is any other file.
type fileInfo struct {
	File      text   `json:"file_id"`
	Name      text   `json:"file_name"`
	MIME      text   `json:"mime_type"`
	Size      number `json:"file_size"`
	Title     text   `json:"title"`
	Performer text   `json:"performer"`
	Animated  truth  `json:"is_animated"` // of a sticker
	Video     truth  `json:"is_video"`    // likewise
	Emoji     text   `json:"emoji"`       // likewise
}

type contact struct {
	Phone text   `json:"phone_number"`
	First text   `json:"first_name"`
	Last  text   `json:"last_name"`
	User  number `json:"user_id"`
	VCard text   `json:"vcard"`
}

type location struct {
	Latitude  decimal `json:"latitude"`
	Longitude decimal `json:"longitude"`
	Live      number  `json:"live_period"`
}

type venue struct {
	Location location `json:"location"`
	Title    text     `json:"title"`
	Address  text     `json:"address"`
}

type dice struct {
	Emoji text `json:"emoji"`
	Value text `json:"value"`
}

type titled struct {
	Title       text `json:"title"`
	Description text `json:"description"`
}

type poll struct {
	Question text `json:"question"`
	Options  []struct {
		Text text `json:"text"`
	} `json:"options"`
}

type checklist struct {
	Title text   `json:"title"`
	Tasks []task `json:"tasks"`
}

type task struct {
	ID   number `json:"id"`
	Text text   `json:"text"`
	Done number `json:"completion_date"`
}

// ticked is that tasks of a checklist were marked as done, or not done.
type ticked struct {
	Message struct {
		Checklist checklist `json:"checklist"`
	} `json:"checklist_message"`
	Done   []number `json:"marked_as_done_task_ids"`
	Undone []number `json:"marked_as_not_done_task_ids"`
}

// listed is that tasks were put onto a checklist.
type listed struct {
	Message struct {
		Checklist checklist `json:"checklist"`
	} `json:"checklist_message"`
	Tasks []task `json:"tasks"`
}

// answered is that an option was put into a poll, or taken out.
type answered struct {
	Message struct {
		Poll poll `json:"poll"`
	} `json:"poll_message"`
	Text text `json:"option_text"`
}

type invoice struct {
	titled
	amount
}

// amount is money in its smallest unit.
type amount struct {
	Currency text   `json:"currency"`
	Total    number `json:"total_amount"`
	Payload  text   `json:"invoice_payload"`
}

type webApp struct {
	Data   text `json:"data"`
	Button text `json:"button_text"`
}

// chosen is somebody whom a contact picked from their own list.
type chosen struct {
	ID       number `json:"user_id"`
	First    text   `json:"first_name"`
	Last     text   `json:"last_name"`
	Username text   `json:"username"`
}

// pressed is a press on a button below a message.
type pressed struct {
	ID      text     `json:"id"`
	From    *user    `json:"from"`
	Message *message `json:"message"`
	Inline  text     `json:"inline_message_id"`
	Data    text     `json:"data"`
}

// reacted is a change of somebody's reactions on a message.
type reacted struct {
	Chat    chat       `json:"chat"`
	Message number     `json:"message_id"`
	User    *user      `json:"user"`
	Date    number     `json:"date"`
	Old     []reaction `json:"old_reaction"`
	New     []reaction `json:"new_reaction"`
}

type reaction struct {
	Type  text `json:"type"`
	Emoji text `json:"emoji"`
}

// removed is messages deleted in a chat of a business account.
type removed struct {
	Connection text     `json:"business_connection_id"`
	Chat       chat     `json:"chat"`
	Messages   []number `json:"message_ids"`
}

// connection is the bot's place in an owner's account.
type connection struct {
	ID      text   `json:"id"`
	User    user   `json:"user"`
	Enabled truth  `json:"is_enabled"`
	Reply   *truth `json:"can_reply"` // before Bot API 9
	Rights  struct {
		Reply truth `json:"can_reply"`
		Read  truth `json:"can_read_messages"`
	} `json:"rights"`
}

func (c connection) mayReply() bool { return bool(c.Rights.Reply) || c.Reply != nil && bool(*c.Reply) }
