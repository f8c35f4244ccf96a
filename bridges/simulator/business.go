package simulator

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Business is a registered number on the platform, and the app that serves it.
type Business struct {
	sim       *Simulator
	acc       Account // callback, token and templates change under sim.mu
	callbacks bool    // the app is subscribed
	customers []*Customer
	byPhone   map[string]*Customer
	byUserID  map[string]*Customer
	shared    coexistence
}

// AddBusiness registers another business. Missing fields are filled with those of DefaultAccount or
// made up; a phone number id that exists already is refused by a panic, as it is a mistake in a test.
func (s *Simulator) AddBusiness(a Account) *Business {
	a = completed(a)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.businesses[a.PhoneNumberID] != nil {
		panic(fmt.Sprintf("simulator: phone number id %s is taken", a.PhoneNumberID))
	}
	b := &Business{
		sim: s, acc: a, callbacks: a.CallbackURL != "",
		byPhone: map[string]*Customer{}, byUserID: map[string]*Customer{},
	}
	s.businesses[a.PhoneNumberID] = b
	s.order = append(s.order, b)
	return b
}

func completed(a Account) Account {
	d := DefaultAccount()
	fill := func(field *string, value string) {
		if *field == "" {
			*field = value
		}
	}
	fill(&a.PhoneNumberID, digits(15))
	fill(&a.WABA, d.WABA)
	fill(&a.AppID, d.AppID)
	fill(&a.AppSecret, d.AppSecret)
	fill(&a.Token, d.Token)
	fill(&a.DisplayNumber, d.DisplayNumber)
	fill(&a.VerifiedName, d.VerifiedName)
	fill(&a.VerifyToken, d.VerifyToken)
	a.Templates = slices.Clone(a.Templates)
	for i := range a.Templates {
		a.Templates[i] = a.Templates[i].completed()
	}
	return a
}

// Account is the registration as it is now.
func (b *Business) Account() Account {
	b.sim.mu.Lock()
	defer b.sim.mu.Unlock()
	a := b.acc
	a.Templates = slices.Clone(a.Templates)
	return a
}

// SetCallback points the webhooks somewhere, without the handshake that the API performs.
func (b *Business) SetCallback(url, verifyToken string) {
	b.sim.mu.Lock()
	defer b.sim.mu.Unlock()
	b.acc.CallbackURL, b.acc.VerifyToken, b.callbacks = url, verifyToken, url != ""
}

// SetToken replaces the access token; calls with any other get error 190.
func (b *Business) SetToken(token string) {
	b.sim.mu.Lock()
	defer b.sim.mu.Unlock()
	b.acc.Token = token
}

// Customer finds a person by phone number or makes them known to this business.
func (b *Business) Customer(phone, name string) *Customer {
	b.sim.mu.Lock()
	defer b.sim.mu.Unlock()
	phone = onlyDigits(phone)
	if c := b.byPhone[phone]; c != nil {
		return c
	}
	c := &Customer{sim: b.sim, biz: b, phone: phone, name: name, online: true, bsuid: newBSUID(phone)}
	b.customers = append(b.customers, c)
	b.byPhone[c.phone], b.byUserID[c.bsuid] = c, c
	b.sim.touch()
	return c
}

// Customers lists everybody known to this business.
func (b *Business) Customers() []*Customer {
	b.sim.mu.Lock()
	defer b.sim.mu.Unlock()
	return slices.Clone(b.customers)
}

// AddTemplate submits a template; an empty status means approved.
func (b *Business) AddTemplate(t Template) {
	b.sim.mu.Lock()
	defer b.sim.mu.Unlock()
	b.acc.Templates = append(b.acc.Templates, t.completed())
}

// SetTemplateStatus changes a template and tells the app by webhook. It reports whether the template exists.
func (b *Business) SetTemplateStatus(name, language, status, reason string) bool {
	b.sim.mu.Lock()
	defer b.sim.mu.Unlock()
	t := b.template(name, language)
	if t == nil {
		return false
	}
	t.Status = status
	b.sim.post(b, "account", obj{
		"event": status, "message_template_id": number(t.ID), "message_template_name": t.Name,
		"message_template_language": strings.ReplaceAll(t.Language, "_", "-"),
		"message_template_category": t.Category, "reason": cmp.Or(reason, "NONE"),
	}, "message_template_status_update")
	return true
}

func (b *Business) template(name, language string) *Template {
	for i := range b.acc.Templates {
		if t := &b.acc.Templates[i]; t.Name == name && (language == "" || t.Language == language) {
			return t
		}
	}
	return nil
}

// find looks a recipient up by phone number or business-scoped user id. Callers hold mu.
func (b *Business) find(to, recipient string) *Customer {
	if to != "" {
		return b.byPhone[onlyDigits(to)]
	}
	return b.byUserID[recipient]
}

func newBSUID(phone string) string {
	country := "US"
	for prefix, c := range map[string]string{"49": "DE", "966": "SA", "971": "AE", "7": "RU", "44": "GB", "55": "BR"} {
		if strings.HasPrefix(phone, prefix) {
			country = c
		}
	}
	return country + "." + digits(20)
}

// reach is how long after a customer's act the business may write freely.
const reach = 24 * time.Hour
