package simulator

import (
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"strings"
)

// scopes are the permissions that a system user's token carries.
func scopes() []string {
	return []string{"whatsapp_business_management", "whatsapp_business_messaging", "public_profile"}
}

// owned finds the business whose account has this id and to which the token belongs.
func (s *Simulator) owned(r *request) *Business {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range s.order {
		if b.acc.WABA == r.id && b.acc.Token == r.token {
			return b
		}
	}
	return nil
}

// ofNumber finds the business by phone number id, if the token belongs to it.
func (s *Simulator) ofNumber(r *request) *Business {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b := s.businesses[r.id]; b != nil && b.acc.Token == r.token {
		return b
	}
	return nil
}

func (s *Simulator) listTemplates(r *request) reply {
	b := s.owned(r)
	if b == nil {
		return fail(unknownObject(r.id))
	}
	q := r.URL.Query()
	var all []Template
	for _, t := range b.Account().Templates {
		if (q.Get("name") == "" || t.Name == q.Get("name")) && (q.Get("status") == "" || t.Status == q.Get("status")) &&
			(q.Get("language") == "" || t.Language == q.Get("language")) {
			all = append(all, t)
		}
	}
	return s.page(r, all)
}

// page cuts a list as the Graph interface does, with opaque cursors.
func (s *Simulator) page(r *request, all []Template) reply {
	limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
	if limit <= 0 || limit > 250 {
		limit = 25
	}
	from := 0
	if after := r.URL.Query().Get("after"); after != "" {
		n, err := strconv.Atoi(strings.TrimPrefix(after, "QVFI"))
		if err != nil || n < 0 {
			return fail(badRequest("Invalid cursors values"))
		}
		from = min(n, len(all))
	}
	to := min(from+limit, len(all))
	data := append([]Template{}, all[from:to]...)
	body := obj{"data": data}
	if len(all) > 0 {
		paging := obj{"cursors": obj{"before": fmt.Sprintf("QVFI%d", from), "after": fmt.Sprintf("QVFI%d", to)}}
		if to < len(all) {
			paging["next"] = s.nextPage(r, to)
		}
		body["paging"] = paging
	}
	return ok(body)
}

func (s *Simulator) nextPage(r *request, to int) string {
	q := maps.Clone(r.URL.Query())
	q.Set("after", fmt.Sprintf("QVFI%d", to))
	q.Set("access_token", r.token)
	return s.base(r) + r.URL.Path + "?" + q.Encode()
}

// base is the address under which the caller reaches us.
func (s *Simulator) base(r *request) string {
	if s.opts.PublicURL != "" {
		return strings.TrimSuffix(s.opts.PublicURL, "/")
	}
	return "http://" + r.Host
}

func (s *Simulator) listNumbers(r *request) reply {
	if s.owned(r) == nil {
		return fail(unknownObject(r.id))
	}
	data := []obj{}
	for _, b := range s.Businesses() {
		if a := b.Account(); a.WABA == r.id {
			data = append(data, b.numberFields())
		}
	}
	return ok(obj{"data": data})
}

// numberFields is the number as it is now. One that is away is disconnected.
func (b *Business) numberFields() obj {
	a, status := b.Account(), "CONNECTED"
	if b.away() {
		status = "DISCONNECTED"
	}
	return obj{
		"id": a.PhoneNumberID, "display_phone_number": a.DisplayNumber, "verified_name": a.VerifiedName,
		"quality_rating": "GREEN", "code_verification_status": "VERIFIED", "name_status": "APPROVED",
		"platform_type": "CLOUD_API", "status": status, "is_on_biz_app": a.Coexists,
		"throughput": obj{"level": "STANDARD"}, "messaging_limit_tier": "TIER_1K",
		"webhook_configuration": obj{"application": a.CallbackURL},
	}
}

func (a Account) wabaFields() obj {
	return obj{
		"id": a.WABA, "name": a.VerifiedName, "timezone_id": "1", "country": "US",
		"message_template_namespace": "ba30dd89_2ebd_41e4_b805_f2c05ae04cc9",
		"account_review_status":      "APPROVED", "business_verification_status": "VERIFIED",
	}
}

// getNode is GET on a phone number, an account or a file, with fields to choose from.
func (s *Simulator) getNode(r *request) reply {
	if b := s.ofNumber(r); b != nil {
		return ok(pick(b.numberFields(), r.URL.Query().Get("fields"),
			"verified_name", "display_phone_number", "quality_rating", "code_verification_status"))
	}
	if b := s.owned(r); b != nil {
		return ok(pick(b.Account().wabaFields(), r.URL.Query().Get("fields"),
			"name", "timezone_id", "message_template_namespace"))
	}
	return s.getMedia(r)
}

// pick keeps the asked fields and the id. Nested selections like throughput{level} count by their name.
func pick(all obj, fields string, standard ...string) obj {
	if fields != "" {
		standard = strings.FieldsFunc(fields, func(r rune) bool { return strings.ContainsRune(",{} ", r) })
	}
	out := obj{"id": all["id"]}
	for _, f := range standard {
		if v, ok := all[f]; ok {
			out[f] = v
		}
	}
	return out
}

func (s *Simulator) me(r *request) reply {
	return ok(obj{"id": r.biz.Account().AppID + "0", "name": "Simulated system user"})
}

// debugToken explains the token given as input_token.
func (s *Simulator) debugToken(r *request) reply {
	input := r.URL.Query().Get("input_token")
	for _, b := range s.Businesses() {
		a := b.Account()
		if a.Token != input {
			continue
		}
		return ok(obj{"data": obj{
			"app_id": a.AppID, "type": "SYSTEM_USER", "application": "Simulated app", "is_valid": true,
			"expires_at": 0, "data_access_expires_at": 0, "issued_at": s.Now().AddDate(0, -1, 0).Unix(),
			"scopes": scopes(), "user_id": a.AppID + "0",
			"granular_scopes": []obj{
				{"scope": "whatsapp_business_management", "target_ids": []string{a.WABA}},
				{"scope": "whatsapp_business_messaging", "target_ids": []string{a.WABA}},
			},
		}})
	}
	return ok(obj{"data": obj{
		"is_valid": false, "scopes": []string{},
		"error": obj{"code": 190, "message": "Error validating access token: Session has expired.", "subcode": 463},
	}})
}

// text is a JSON value if it is a string or a number, as text.
func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}
