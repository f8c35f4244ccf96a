package stage

import (
	"net/http"
	"time"

	"causeway/bridges/simulator"
	"causeway/bridges/simulator/mailroom"
)

type timeJSON struct {
	Now     time.Time `json:"now"`
	Ahead   float64   `json:"ahead_hours"` // of real time
	CanJump bool      `json:"can_jump"`
}

func (s *Stage) clock() timeJSON {
	s.mu.Lock()
	defer s.mu.Unlock()
	return timeJSON{Now: s.opts.Now(), Ahead: s.shift.Hours(), CanJump: s.opts.Jump != nil}
}

func (s *Stage) getTime(w http.ResponseWriter, _ *http.Request) { answer(w, s.clock()) }

// setTime jumps ahead by hours, each time further, or back to real time. Options.Jump gets the hours of
// this one jump, or zero for the way back.
func (s *Stage) setTime(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Hours float64 `json:"hours"`
		Back  bool    `json:"back"`
	}
	if !decode(w, r, &in) {
		return
	}
	if s.opts.Jump == nil {
		refuse(w, http.StatusConflict, "this world's time cannot be moved")
		return
	}
	d := time.Duration(in.Hours * float64(time.Hour))
	if !in.Back && (d <= 0 || d > 8760*time.Hour) {
		refuse(w, http.StatusBadRequest, "hours must be more than zero and at most a year")
		return
	}
	s.mu.Lock()
	if in.Back {
		d, s.shift = 0, 0
	} else {
		s.shift += d
	}
	s.mu.Unlock()
	s.opts.Jump(d)
	answer(w, s.clock())
}

type weather struct {
	TokenExpired bool              `json:"token_expired"`
	HiddenPhones bool              `json:"hidden_phones"`
	Faults       []simulator.Fault `json:"faults"`
}

func (s *Stage) weather() weather {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := weather{TokenExpired: len(s.tokens) > 0, Faults: s.opts.Simulator.Faults()}
	for _, c := range s.opts.Simulator.Business().Customers() {
		out.HiddenPhones = out.HiddenPhones || c.Hidden()
	}
	return out
}

func (s *Stage) listFaults(w http.ResponseWriter, _ *http.Request) { answer(w, s.weather()) }

// addFault takes a simulator.Fault, or one of the switches token_expired and hidden_phones.
func (s *Stage) addFault(w http.ResponseWriter, r *http.Request) {
	var in struct {
		simulator.Fault
		TokenExpired *bool `json:"token_expired"`
		HiddenPhones *bool `json:"hidden_phones"`
	}
	if !decode(w, r, &in) {
		return
	}
	if in.TokenExpired != nil {
		s.expire(*in.TokenExpired)
	}
	if in.HiddenPhones != nil {
		for _, c := range s.opts.Simulator.Business().Customers() {
			c.HidePhone(*in.HiddenPhones)
		}
	}
	if in.Kind != "" && !s.opts.Simulator.Inject(in.Fault) {
		refuse(w, http.StatusBadRequest, "kind or times of the fault is not known")
		return
	}
	answer(w, s.weather())
}

// expire makes every token invalid, or valid again.
func (s *Stage) expire(yes bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range s.opts.Simulator.Businesses() {
		kept, expired := s.tokens[b]
		switch {
		case yes && !expired:
			s.tokens[b] = b.Account().Token
			b.SetToken("expired-" + b.Account().PhoneNumberID)
		case !yes && expired:
			b.SetToken(kept)
			delete(s.tokens, b)
		}
	}
}

func (s *Stage) clearFaults(w http.ResponseWriter, _ *http.Request) {
	s.expire(false)
	s.opts.Simulator.ClearFaults()
	for _, c := range s.opts.Simulator.Business().Customers() {
		c.HidePhone(false)
	}
	if s.opts.Mailroom != nil {
		s.opts.Mailroom.ClearRefusals()
	}
	answer(w, s.weather())
}

// refuseMail makes the relay say no to the next mails; DELETE /api/faults ends that.
func (s *Stage) refuseMail(w http.ResponseWriter, r *http.Request) {
	var in mailroom.Refusal
	if !decode(w, r, &in) {
		return
	}
	if s.opts.Mailroom == nil || !s.opts.Mailroom.Refuse(in) {
		refuse(w, http.StatusBadRequest, "step, code (400 to 599) and times are needed")
		return
	}
	answer(w, in)
}
