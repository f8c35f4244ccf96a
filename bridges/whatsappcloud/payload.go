package whatsappcloud

import (
	"cmp"
	"encoding/json"

	"causeway/bridges/meta"
)

// Shapes of the webhook. Only what is used is named; the rest stays in the raw text.

// value is what a change of the field "messages" or "smb_message_echoes" holds, and what Turn posts bare.
type value struct {
	Metadata struct {
		Number  meta.Text `json:"phone_number_id"`
		Display meta.Text `json:"display_phone_number"`
	} `json:"metadata"`
	Contacts meta.List[contact]         `json:"contacts"`
	Messages meta.List[json.RawMessage] `json:"messages"`
	Echoes   meta.List[json.RawMessage] `json:"message_echoes"`
	Statuses meta.List[json.RawMessage] `json:"statuses"`
	Errors   meta.List[json.RawMessage] `json:"errors"`
}

type contact struct {
	Phone   meta.Text `json:"wa_id"`
	User    meta.Text `json:"user_id"`
	Profile struct {
		Name     meta.Text `json:"name"`
		Username meta.Text `json:"username"`
	} `json:"profile"`
}

// message is one of messages[] or message_echoes[].
type message struct {
	ID        meta.Text            `json:"id"`
	From      meta.Text            `json:"from"`
	FromUser  meta.Text            `json:"from_user_id"`
	FromBSUID meta.Text            `json:"from_bsuid"` // as Turn calls it
	To        meta.Text            `json:"to"`
	ToUser    meta.Text            `json:"to_user_id"`
	Group     meta.Text            `json:"group_id"`
	Timestamp meta.Text            `json:"timestamp"`
	Origin    meta.Text            `json:"origin"`
	Creation  meta.Text            `json:"message_creation_type"`
	Context   *quoteContext        `json:"context"`
	Referral  *referral            `json:"referral"`
	System    *system              `json:"system"`
	Reaction  *reaction            `json:"reaction"`
	Edit      *edit                `json:"edit"`
	Revoke    *revoke              `json:"revoke"`
	Errors    meta.List[wireError] `json:"errors"`
	messageBody
}

// messageBody is what a message says; an edit carries one too.
type messageBody struct {
	Type        meta.Text       `json:"type"`
	Text        *textBody       `json:"text"`
	Image       *media          `json:"image"`
	Video       *media          `json:"video"`
	Audio       *media          `json:"audio"`
	Voice       *media          `json:"voice"`
	Document    *media          `json:"document"`
	Sticker     *media          `json:"sticker"`
	Location    *location       `json:"location"`
	Contacts    meta.List[card] `json:"contacts"`
	Button      *button         `json:"button"`
	Interactive *interactive    `json:"interactive"`
	Order       *order          `json:"order"`
	Unsupported *struct {
		Type meta.Text `json:"type"`
	} `json:"unsupported"`
}

type textBody struct {
	Body meta.Text `json:"body"`
}

type media struct {
	ID       meta.Text  `json:"id"`
	URL      meta.Text  `json:"url"`
	Link     meta.Text  `json:"link"`
	MIME     meta.Text  `json:"mime_type"`
	SHA256   meta.Text  `json:"sha256"`
	Caption  meta.Text  `json:"caption"`
	Filename meta.Text  `json:"filename"`
	Voice    meta.Truth `json:"voice"`
	Animated meta.Truth `json:"animated"`
	Moving   meta.Truth `json:"is_animated"`
}

type location struct {
	Latitude  meta.Text `json:"latitude"`
	Longitude meta.Text `json:"longitude"`
	Name      meta.Text `json:"name"`
	Address   meta.Text `json:"address"`
	URL       meta.Text `json:"url"`
}

type card struct {
	Name struct {
		Formatted meta.Text `json:"formatted_name"`
		First     meta.Text `json:"first_name"`
		Last      meta.Text `json:"last_name"`
	} `json:"name"`
	Org struct {
		Company meta.Text `json:"company"`
		Title   meta.Text `json:"title"`
	} `json:"org"`
	Birthday meta.Text `json:"birthday"`
	VCard    meta.Text `json:"vcard"`
	Phones   meta.List[struct {
		Phone meta.Text `json:"phone"`
		WA    meta.Text `json:"wa_id"`
		Type  meta.Text `json:"type"`
	}] `json:"phones"`
	Emails meta.List[struct {
		Email meta.Text `json:"email"`
		Type  meta.Text `json:"type"`
	}] `json:"emails"`
	URLs meta.List[struct {
		URL  meta.Text `json:"url"`
		Type meta.Text `json:"type"`
	}] `json:"urls"`
	Addresses meta.List[struct {
		Street  meta.Text `json:"street"`
		City    meta.Text `json:"city"`
		State   meta.Text `json:"state"`
		Zip     meta.Text `json:"zip"`
		Country meta.Text `json:"country"`
		Type    meta.Text `json:"type"`
	}] `json:"addresses"`
}

type button struct {
	Payload meta.Text `json:"payload"`
	Text    meta.Text `json:"text"`
}

type interactive struct {
	Type   meta.Text `json:"type"`
	Button *pick     `json:"button_reply"`
	List   *pick     `json:"list_reply"`
	Calls  *struct {
		Response meta.Text `json:"response"`
	} `json:"call_permission_reply"`
	Form *struct {
		Name     meta.Text       `json:"name"`
		Body     meta.Text       `json:"body"`
		Response json.RawMessage `json:"response_json"`
	} `json:"nfm_reply"`
}

type pick struct {
	ID          meta.Text `json:"id"`
	Title       meta.Text `json:"title"`
	Description meta.Text `json:"description"`
}

type order struct {
	Catalog meta.Text `json:"catalog_id"`
	Text    meta.Text `json:"text"`
	Items   meta.List[struct {
		Product  meta.Text `json:"product_retailer_id"`
		Quantity meta.Text `json:"quantity"`
		Price    meta.Text `json:"item_price"`
		Currency meta.Text `json:"currency"`
	}] `json:"product_items"`
}

type quoteContext struct {
	ID         meta.Text  `json:"id"`
	Forwarded  meta.Truth `json:"forwarded"`
	Frequently meta.Truth `json:"frequently_forwarded"`
	Product    *struct {
		Catalog meta.Text `json:"catalog_id"`
		Product meta.Text `json:"product_retailer_id"`
	} `json:"referred_product"`
}

type referral struct {
	URL       meta.Text `json:"source_url"`
	ID        meta.Text `json:"source_id"`
	Type      meta.Text `json:"source_type"`
	Headline  meta.Text `json:"headline"`
	Body      meta.Text `json:"body"`
	Ref       meta.Text `json:"ref"`
	Click     meta.Text `json:"ctwa_clid"`
	Image     meta.Text `json:"image_url"`
	Video     meta.Text `json:"video_url"`
	Thumbnail meta.Text `json:"thumbnail_url"`
}

type system struct {
	Type         meta.Text `json:"type"`
	Body         meta.Text `json:"body"`
	Phone        meta.Text `json:"wa_id"`
	NewPhone     meta.Text `json:"new_wa_id"`
	User         meta.Text `json:"user_id"`
	PreviousUser meta.Text `json:"previous_user_id"`
	Customer     meta.Text `json:"customer"`
}

type reaction struct {
	Message meta.Text `json:"message_id"`
	Emoji   meta.Text `json:"emoji"`
}

type edit struct {
	Original meta.Text       `json:"original_message_id"`
	Message  json.RawMessage `json:"message"`
}

type revoke struct {
	Original meta.Text `json:"original_message_id"`
}

// status is one of statuses[].
type status struct {
	ID            meta.Text            `json:"id"`
	Type          meta.Text            `json:"type"` // empty of a message's status; "payment" of a payment's
	Status        meta.Text            `json:"status"`
	Timestamp     meta.Text            `json:"timestamp"`
	Recipient     meta.Text            `json:"recipient_id"`
	RecipientUser meta.Text            `json:"recipient_user_id"`
	RecipientType meta.Text            `json:"recipient_type"`
	Key           meta.Text            `json:"biz_opaque_callback_data"`
	Errors        meta.List[wireError] `json:"errors"`
}

// wireError is an entry of the errors[] of a value, a message or a status.
type wireError struct {
	Code    meta.Text `json:"code"`
	Title   meta.Text `json:"title"`
	Message meta.Text `json:"message"`
	Details meta.Text `json:"details"`
	Data    struct {
		Details meta.Text `json:"details"`
	} `json:"error_data"`
}

// words returns the most telling of the error's texts.
func (e wireError) words() string {
	return string(cmp.Or(e.Data.Details, e.Details, e.Message, e.Title))
}

// code is the error's code, -1 if there is none: 0 is a code.
func (e wireError) code() int {
	if e.Code == "" {
		return -1
	}
	return e.Code.Int()
}
