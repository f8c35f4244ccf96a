package meta

import (
	"encoding/json"

	"causeway/core"
)

// feedback is what a customer answered to the platform's questions on how they were served.
type feedback struct {
	Screens []struct {
		Questions map[string]struct {
			Payload  Text `json:"payload"`
			FollowUp struct {
				Payload Text `json:"payload"`
			} `json:"follow_up"`
		} `json:"questions"`
	} `json:"feedback_screens"`
}

func (f feedback) fields() map[string]any {
	all := map[string]any{}
	for _, s := range f.Screens {
		for name, q := range s.Questions {
			put(all, name, q.Payload)
			put(all, name+", in words", q.FollowUp.Payload)
		}
	}
	return all
}

// disclosure is what a customer filled into the platform's form.
type disclosure struct {
	Screens []struct {
		Responses []struct {
			Key   Text `json:"key"`
			Value Text `json:"value"`
		} `json:"responses"`
	} `json:"screens"`
}

func (d disclosure) fields() map[string]any {
	all := map[string]any{}
	for _, s := range d.Screens {
		for _, r := range s.Responses {
			put(all, string(r.Key), r.Value)
		}
	}
	return all
}

func put(all map[string]any, name string, value Text) {
	if value != "" {
		all[name] = string(value)
	}
}

// filled is a form that a customer filled in at the platform. One that holds nothing stays what it is.
func filled(e core.Event, name string, fields map[string]any) core.Event {
	raw, err := json.Marshal(fields)
	if len(fields) == 0 || len(e.Peer.Identities) == 0 || err != nil {
		return e
	}
	e.Kind, e.Raw = core.EventMessage, nil
	e.Message = &core.MessageBody{Provider: e.ID, Content: core.Content{Kind: core.KindForm, Form: &core.Form{Name: name, Fields: fields, Raw: raw}}}
	return e
}
