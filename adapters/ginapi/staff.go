package ginapi

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"time"

	"causeway/core"
	"causeway/core/assign"

	"github.com/danielgtaylor/huma/v2"
)

// standingView is how an agent stands at the desk.
type standingView struct {
	Agent     core.AgentID  `json:"agent"`
	Name      string        `json:"name"`
	Presence  core.Presence `json:"presence,omitempty" enum:"online,busy,offline,away" doc:"as they said; absent: their shift tells"`
	Until     time.Time     `json:"until,omitzero" doc:"when that ends by itself"`
	Available bool          `json:"available" doc:"gets conversations, as long as there is room"`
	Open      int           `json:"open" doc:"conversations they have open"`
	Most      int           `json:"most,omitempty" doc:"with so many they get no more; absent: any number"`
	Answered  time.Time     `json:"answered_at,omitzero" doc:"when they last answered a contact"`
}

// queueView is how many wait for a team.
type queueView struct {
	Team    core.TeamID `json:"team,omitempty" doc:"absent: the queue of all agents"`
	Waiting int         `json:"waiting"`
}

// waitingView is a conversation in a queue.
type waitingView struct {
	Conversation core.ConversationID `json:"conversation"`
	Position     int                 `json:"position"`
	Priority     int                 `json:"priority"`
	Since        time.Time           `json:"since"`
}

// strategyView is how a team's conversations find an agent.
type strategyView struct {
	Pick      core.Picking `json:"pick,omitempty" enum:"round-robin,fewest-open,equal" doc:"absent: a person assigns, or whoever answers first takes it"`
	Most      int          `json:"most,omitempty" minimum:"0" maximum:"10000" doc:"conversations an agent has open before they get no more; 0: any number"`
	Absent    bool         `json:"absent,omitempty" doc:"also to who is not there, if nobody is"`
	Speaks    bool         `json:"speaks,omitempty" doc:"to who speaks the contact's language"`
	Previous  bool         `json:"previous,omitempty" doc:"first to who looked after the contact before"`
	Fallback  int64        `json:"fallback_seconds,omitempty" minimum:"0" maximum:"31536000" doc:"how long to wait for them, or for a dedicated agent"`
	Untouched int64        `json:"untouched_seconds,omitempty" minimum:"0" maximum:"31536000" doc:"after which what an agent leaves untouched goes to the next; 0: it stays"`
}

func showStrategy(s core.Strategy) strategyView {
	return strategyView{Pick: s.Pick, Most: s.Most, Absent: s.Absent, Speaks: s.Speaks, Previous: s.Previous, Fallback: int64(s.Fallback.Seconds()),
		Untouched: int64(s.Untouched.Seconds())}
}

func (v strategyView) core() core.Strategy {
	return core.Strategy{Pick: v.Pick, Most: v.Most, Absent: v.Absent, Speaks: v.Speaks, Previous: v.Previous, Fallback: time.Duration(v.Fallback) * time.Second,
		Untouched: time.Duration(v.Untouched) * time.Second}
}

func (s *Server) staffOperations(api huma.API) {
	handle(s, api, operation{id: "list-staff", method: http.MethodGet, path: "/staff", tag: tagPeople, scope: scopeRead,
		summary: "List who is there, and what they have"}, s.listStaff)
	handle(s, api, operation{id: "list-queues", method: http.MethodGet, path: "/queues", tag: tagPeople, scope: scopeRead,
		summary: "Count what waits in queues"}, s.listQueues)
	handle(s, api, operation{id: "list-queue", method: http.MethodGet, path: "/queue", tag: tagPeople, scope: scopeRead,
		summary: "List what waits in a team's queue, or in that of all agents, the first 200"}, s.listQueue)
	handle(s, api, operation{id: "set-presence", method: http.MethodPut, path: "/agents/{id}/presence", tag: tagPeople, scope: scopeManage,
		summary: "Say whether an agent is there"}, s.setPresence)
	handle(s, api, operation{id: "get-strategy", method: http.MethodGet, path: "/teams/{id}/strategy", tag: tagPeople, scope: scopeRead,
		summary: "Show how a team's conversations find an agent"}, s.getStrategy)
	handle(s, api, operation{id: "set-strategy", method: http.MethodPut, path: "/teams/{id}/strategy", tag: tagPeople, scope: scopeManage,
		summary: "Set how a team's conversations find an agent"}, s.setStrategy)
}

func showStanding(a assign.Standing) standingView {
	v := standingView{Agent: a.ID, Name: a.Name, Presence: a.Duty.Presence, Available: a.Available, Open: a.Duty.Open, Most: a.Most, Answered: a.Duty.Answered}
	if v.Presence != "" {
		v.Until = a.Duty.Until
	}
	return v
}

func (s *Server) listStaff(ctx context.Context, _ core.Repo, _ *none) (*answer[pageView[standingView]], error) {
	all, _, err := s.Staff.Standings(ctx, caller(ctx).Workspace)
	return reply(listOf(all, showStanding), err)
}

func (s *Server) listQueues(ctx context.Context, repo core.Repo, _ *none) (*answer[pageView[queueView]], error) {
	queues, err := repo.Queues(ctx)
	return reply(listOf(slices.Sorted(maps.Keys(queues)), func(t core.TeamID) queueView { return queueView{Team: t, Waiting: queues[t]} }), err)
}

type queueQuery struct {
	Team string `query:"team" maxLength:"64" pattern:"^[A-Za-z0-9_-]*$"`
}

func (s *Server) listQueue(ctx context.Context, repo core.Repo, in *queueQuery) (*answer[pageView[waitingView]], error) {
	const most = 200
	if in.Team != "" {
		if _, err := repo.Team(ctx, core.TeamID(in.Team)); err != nil {
			return nil, missing(err, "team")
		}
	}
	all, err := repo.Places(ctx, core.TeamID(in.Team), nil, most)
	n := 0
	return reply(listOf(all, func(p core.Place) waitingView {
		n++
		return waitingView{Conversation: p.Conversation, Position: n, Priority: p.Priority, Since: p.Queued}
	}), err)
}

type presenceInput struct {
	ByID
	Body struct {
		Presence core.Presence `json:"presence,omitempty" enum:"online,busy,offline" doc:"absent: their shift tells"`
		Until    time.Time     `json:"until,omitzero" doc:"absent: online until the shift ends, busy and offline until the next one begins"`
	}
}

func (s *Server) setPresence(ctx context.Context, repo core.Repo, in *presenceInput) (*answer[standingView], error) {
	a, err := repo.Agent(ctx, core.AgentID(in.ID))
	if err != nil {
		return nil, missing(err, "agent")
	}
	ws := caller(ctx).Workspace
	if _, err := s.Staff.Say(ctx, ws, a.ID, in.Body.Presence, in.Body.Until); err != nil {
		return nil, err
	}
	all, _, err := s.Staff.Standings(ctx, ws)
	for _, now := range all {
		if now.ID == a.ID {
			return reply(showStanding(now), err)
		}
	}
	return reply(standingView{Agent: a.ID, Name: a.Name}, err)
}

func (s *Server) getStrategy(ctx context.Context, repo core.Repo, in *ByID) (*answer[strategyView], error) {
	t, err := repo.Team(ctx, core.TeamID(in.ID))
	if err != nil {
		return nil, missing(err, "team")
	}
	return reply(showStrategy(t.Strategy), nil)
}

type strategyInput struct {
	ByID
	Body strategyView
}

func (s *Server) setStrategy(ctx context.Context, repo core.Repo, in *strategyInput) (*answer[strategyView], error) {
	id := core.TeamID(in.ID)
	if _, err := repo.Team(ctx, id); err != nil {
		return nil, missing(err, "team")
	}
	return reply(in.Body, s.Staff.SetStrategy(ctx, caller(ctx).Workspace, id, in.Body.core()))
}
