package ginapi

import (
	"context"
	"net/http"

	"causeway/core"

	"github.com/danielgtaylor/huma/v2"
)

const tagPeople = "Agents and teams"

// agentView is an agent as the API shows it.
type agentView struct {
	ID        core.AgentID `json:"id"`
	Name      string       `json:"name"`
	Addresses []string     `json:"addresses" nullable:"false" doc:"the first gets mail"`
	Language  string       `json:"language,omitempty"`
	Disabled  bool         `json:"disabled,omitempty"`
}

// teamView is a team as the API shows it.
type teamView struct {
	ID      core.TeamID    `json:"id"`
	Name    string         `json:"name"`
	Members []core.AgentID `json:"members" nullable:"false"`
}

func showAgent(a core.Agent) agentView {
	return agentView{ID: a.ID, Name: a.Name, Addresses: append([]string{}, a.Addresses...), Language: a.Language, Disabled: a.Disabled}
}

func showTeam(t core.Team) teamView {
	return teamView{ID: t.ID, Name: t.Name, Members: append([]core.AgentID{}, t.Members...)}
}

func (s *Server) peopleOperations(api huma.API) {
	handle(s, api, operation{id: "list-agents", method: http.MethodGet, path: "/agents", tag: tagPeople, scope: scopeRead,
		summary: "List the people who answer"}, s.listAgents)
	handle(s, api, operation{id: "list-teams", method: http.MethodGet, path: "/teams", tag: tagPeople, scope: scopeRead,
		summary: "List teams and their members"}, s.listTeams)
}

func (s *Server) listAgents(ctx context.Context, repo core.Repo, _ *none) (*answer[pageView[agentView]], error) {
	all, err := repo.Agents(ctx)
	return reply(listOf(all, showAgent), err)
}

func (s *Server) listTeams(ctx context.Context, repo core.Repo, _ *none) (*answer[pageView[teamView]], error) {
	all, err := repo.Teams(ctx)
	return reply(listOf(all, showTeam), err)
}
