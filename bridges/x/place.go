package x

import (
	"cmp"
	"encoding/json"
	"math"
	"strings"

	"causeway/core"
)

// place is one that X has a name for, from a café to a country. See https://developer.x.com/en/docs/x-api/v1/data-dictionary/object-model/geo.
type place struct {
	Name     text   `json:"name"`
	Full     text   `json:"full_name"`
	Country  text   `json:"country"`
	Box      around `json:"bounding_box"`
	Centroid spot   `json:"centroid"`
}

func (p place) named() string { return strings.TrimSpace(string(cmp.Or(p.Full, p.Name))) }

// content brings a place as a location, in the middle of where it is, or as its name where X does not tell that.
func (p place) content(c core.Content) core.Content {
	name := p.named()
	if country := strings.TrimSpace(string(p.Country)); country != "" && !strings.Contains(name, country) {
		name += ", " + country
	}
	at := cmp.Or(p.Centroid, p.Box.middle)
	if !at.known {
		c.Text = strings.TrimSpace(c.Text + "\n" + name)
		return c
	}
	c.Kind, c.Location = core.KindLocation, &core.Location{Latitude: at.latitude, Longitude: at.longitude, Name: name}
	return c
}

// spot is a point, written with its longitude first. What is none is not known.
type spot struct {
	known               bool
	longitude, latitude float64
}

func (s *spot) UnmarshalJSON(raw []byte) error {
	var at []float64
	if json.Unmarshal(raw, &at) == nil && len(at) == 2 && math.Abs(at[0]) <= 180 && math.Abs(at[1]) <= 90 {
		*s = spot{true, at[0], at[1]}
	}
	return nil
}

// around are the corners of an area.
type around struct{ middle spot }

func (a *around) UnmarshalJSON(raw []byte) error {
	var box struct {
		Rings [][]spot `json:"coordinates"`
	}
	if json.Unmarshal(raw, &box) != nil || len(box.Rings) == 0 {
		return nil
	}
	var low, high spot
	for _, corner := range box.Rings[0] {
		if !corner.known {
			continue
		}
		if !low.known {
			low, high = corner, corner
		}
		low.longitude, low.latitude = min(low.longitude, corner.longitude), min(low.latitude, corner.latitude)
		high.longitude, high.latitude = max(high.longitude, corner.longitude), max(high.latitude, corner.latitude)
	}
	a.middle = spot{low.known, halfway(low.longitude, high.longitude), halfway(low.latitude, high.latitude)}
	return nil
}

// halfway is the middle, to a decimetre.
func halfway(low, high float64) float64 { return math.Round((low+high)/2*1e6) / 1e6 }
