package stage

import (
	"net/http"
	"strings"

	"causeway/bridges/simulator"
)

// person is a customer as JSON.
type person struct {
	Phone    string        `json:"phone"`
	BSUID    string        `json:"bsuid"`
	Name     string        `json:"name"`
	Username string        `json:"username"`
	Hidden   bool          `json:"hidden"`
	Window   bool          `json:"window_open"`
	Typing   bool          `json:"typing"`
	Messages []chatMessage `json:"messages,omitempty"`
}

// chatMessage is a bubble as JSON; its file has an address of its own.
type chatMessage struct {
	simulator.ChatMessage
	Media *chatFile
}

type chatFile struct {
	Name, MIME, URL string
	Size            int
	Voice           bool
}

func (s *Stage) person(c *simulator.Customer, messages bool) person {
	p := person{
		Phone: c.Phone(), BSUID: c.BSUID(), Name: c.Name(), Username: c.Username(), Hidden: c.Hidden(),
		Window: c.WindowOpen(), Typing: c.Typing(),
	}
	if !messages {
		return p
	}
	p.Messages = []chatMessage{}
	for _, m := range c.Inbox() {
		out := chatMessage{ChatMessage: m}
		if f := m.Media; f != nil {
			out.Media = &chatFile{Name: f.Name, MIME: f.MIME, Size: len(f.Data), Voice: f.Voice, URL: f.Link}
			if f.Data != nil {
				out.Media.URL = "/api/customers/" + p.Phone + "/messages/" + m.ID + "/file"
			}
		}
		p.Messages = append(p.Messages, out)
	}
	return p
}

// customer finds the one of the path, by phone number or user id.
func (s *Stage) customer(w http.ResponseWriter, r *http.Request) *simulator.Customer {
	key := strings.TrimPrefix(r.PathValue("phone"), "+")
	for _, b := range s.opts.Simulator.Businesses() {
		for _, c := range b.Customers() {
			if c.Phone() == key || c.BSUID() == key {
				return c
			}
		}
	}
	refuse(w, http.StatusNotFound, "no customer has this number; POST /api/customers makes one")
	return nil
}

func (s *Stage) listCustomers(w http.ResponseWriter, _ *http.Request) {
	all := []person{}
	for _, c := range s.opts.Simulator.Business().Customers() {
		all = append(all, s.person(c, false))
	}
	answer(w, all)
}

func (s *Stage) addCustomer(w http.ResponseWriter, r *http.Request) {
	var in struct{ Phone, Name, Username string }
	if !decode(w, r, &in) {
		return
	}
	if in.Phone == "" || in.Name == "" {
		refuse(w, http.StatusBadRequest, "phone and name are needed")
		return
	}
	c := s.opts.Simulator.Customer(in.Phone, in.Name)
	if in.Username != "" {
		c.SetUsername(in.Username)
	}
	answerAs(w, http.StatusCreated, s.person(c, false))
}

func (s *Stage) getCustomer(w http.ResponseWriter, r *http.Request) {
	if c := s.customer(w, r); c != nil {
		answer(w, s.person(c, true))
	}
}

func (s *Stage) patchCustomer(w http.ResponseWriter, r *http.Request) {
	c := s.customer(w, r)
	var in struct {
		Hidden      *bool   `json:"hidden"`
		Online      *bool   `json:"online"`
		Username    *string `json:"username"`
		CloseWindow bool    `json:"close_window"`
	}
	if c == nil || !decode(w, r, &in) {
		return
	}
	if in.Hidden != nil {
		c.HidePhone(*in.Hidden)
	}
	if in.Online != nil {
		c.SetOnline(*in.Online)
	}
	if in.Username != nil {
		c.SetUsername(*in.Username)
	}
	if in.CloseWindow {
		c.CloseWindow()
	}
	answer(w, s.person(c, false))
}

func (s *Stage) read(w http.ResponseWriter, r *http.Request) {
	if c := s.customer(w, r); c != nil {
		c.Read()
		answer(w, map[string]bool{"ok": true})
	}
}

// deed is something that a customer does on the phone.
type deed struct {
	Type                string `json:"type"` // text (default), file, voice, location, contact, reaction, edit, revoke, press, unsupported
	Text                string `json:"text"`
	Quote               string `json:"quote"`  // text: the message answered
	Target              string `json:"target"` // reaction, edit, revoke, press: the message meant
	Button              string `json:"button"` // press: id or title
	Name                string `json:"name"`
	MIME                string `json:"mime"`
	Data                []byte `json:"data"` // base64
	Latitude, Longitude float64
	Phones              []string `json:"phones"`
	Code                int      `json:"code"` // unsupported
}

func (s *Stage) say(w http.ResponseWriter, r *http.Request) {
	c := s.customer(w, r)
	var d deed
	if c == nil || !decode(w, r, &d) {
		return
	}
	id, why := d.do(c)
	if id == "" {
		refuse(w, http.StatusBadRequest, why)
		return
	}
	answerAs(w, http.StatusCreated, map[string]string{"id": id})
}

func (d deed) do(c *simulator.Customer) (id, why string) {
	switch d.Type {
	case "", "text":
		if d.Text == "" {
			return "", "text is needed"
		}
		if d.Quote != "" {
			return c.Reply(d.Quote, d.Text), ""
		}
		return c.Say(d.Text), ""
	case "file":
		if len(d.Data) == 0 || d.MIME == "" {
			return "", "data (base64) and mime are needed"
		}
		return c.SendFile(d.Name, d.Data, d.MIME, d.Text), ""
	case "voice":
		return c.SendVoice(d.Data), ""
	case "location":
		return c.SendLocation(simulator.Location{Latitude: d.Latitude, Longitude: d.Longitude, Name: d.Name, Address: d.Text}), ""
	case "contact":
		return c.SendContact(simulator.Contact{Name: d.Name, Phones: d.Phones}), ""
	case "reaction":
		return c.React(d.Target, d.Text), ""
	case "edit":
		return c.Edit(d.Target, d.Text), "only own messages can be edited"
	case "revoke":
		return c.Revoke(d.Target), ""
	case "press":
		if d.Target == "" {
			return c.Press(d.Button), "no message has this button"
		}
		return c.PressIn(d.Target, d.Button), "the message has no such button"
	case "unsupported":
		return c.SendUnsupported(d.Code), ""
	}
	return "", "type is not known"
}

// chatFile serves a picture, sound or film in place and everything else as a download.
func (s *Stage) chatFile(w http.ResponseWriter, r *http.Request) {
	c := s.customer(w, r)
	if c == nil {
		return
	}
	m, found := c.Message(r.PathValue("id"))
	if !found || m.Media == nil || m.Media.Data == nil {
		refuse(w, http.StatusNotFound, "this message has no file")
		return
	}
	serveFile(w, m.Media.Name, m.Media.MIME, m.Media.Data)
}

// ownerTypes is what the owner does on the phone: text (the default), edit, revoke, reaction.
func (s *Stage) ownerTypes(w http.ResponseWriter, r *http.Request) {
	c := s.customer(w, r)
	var in struct{ Type, Text, Target, Quote string }
	if c == nil || !decode(w, r, &in) {
		return
	}
	phone, id := s.opts.Simulator.Business().Phone(), ""
	switch {
	case in.Type == "edit" && in.Text != "":
		id = phone.Edit(c, in.Target, in.Text)
	case in.Type == "revoke":
		id = phone.Revoke(c, in.Target)
	case in.Type == "reaction":
		id = phone.React(c, in.Target, in.Text)
	case strings.TrimSpace(in.Text) == "" || in.Type != "" && in.Type != "text":
		refuse(w, http.StatusBadRequest, "text is needed, or the type is not known")
		return
	case in.Quote != "":
		id = phone.Reply(c, in.Quote, in.Text)
	default:
		id = phone.Type(c, in.Text)
	}
	answerAs(w, http.StatusCreated, map[string]string{"id": id})
}

// records shows what the gateway has of a chat.
func (s *Stage) records(w http.ResponseWriter, r *http.Request) {
	c := s.customer(w, r)
	if c == nil {
		return
	}
	all := []Record{}
	if s.opts.Recorded != nil {
		found, err := s.opts.Recorded(r.Context(), c)
		if err != nil {
			refuse(w, http.StatusInternalServerError, err.Error())
			return
		}
		all = append(all, found...)
	}
	answer(w, all)
}

// ownerMoves takes the number off the platform, or brings it back, as when the owner changes the phone.
func (s *Stage) ownerMoves(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Away bool `json:"away"`
	}
	if !decode(w, r, &in) {
		return
	}
	if in.Away {
		s.opts.Simulator.Business().Phone().Offboard()
	} else {
		s.opts.Simulator.Business().Phone().Reconnect()
	}
	answer(w, in)
}
