package gormstore

import (
	"context"
	"strings"

	"causeway/core"

	"gorm.io/gorm/clause"
)

type agentRow struct {
	Workspace, ID, Name string
	Addresses           doc[[]string]
	Language            string
	Epoch               int
	Disabled            bool
	Created             stamp
	Duty                doc[agentDuty]
}

// agentDuty is what an agent is assigned by.
type agentDuty struct {
	Skills    []string   `json:"skills,omitempty"`
	Languages []string   `json:"languages,omitempty"`
	Most      int        `json:"most,omitempty"`
	Hours     core.Hours `json:"hours,omitzero"`
}

func (agentRow) TableName() string { return "agents" }

func (r agentRow) core() core.Agent {
	return core.Agent{ID: core.AgentID(r.ID), Workspace: core.WorkspaceID(r.Workspace), Name: r.Name, Addresses: r.Addresses.v,
		Language: r.Language, Epoch: r.Epoch, Disabled: r.Disabled, Created: r.Created.time(), Skills: r.Duty.v.Skills,
		Languages: r.Duty.v.Languages, Most: r.Duty.v.Most, Hours: r.Duty.v.Hours}
}

type addressRow struct{ Workspace, Address, Agent string }

func (addressRow) TableName() string { return "agent_addresses" }

// SaveAgent inserts or replaces by id. ErrDuplicate: the name or an address is another agent's.
func (r repo) SaveAgent(ctx context.Context, a core.Agent) error {
	return r.whole(ctx, func(r repo) error {
		row := agentRow{Workspace: r.ws, ID: string(a.ID), Name: a.Name, Addresses: asDoc(a.Addresses), Language: a.Language, Epoch: a.Epoch,
			Disabled: a.Disabled, Created: at(a.Created), Duty: asDoc(agentDuty{a.Skills, a.Languages, a.Most, a.Hours})}
		if err := r.put(ctx, &row, "workspace,id", "name", "addresses", "language", "epoch", "disabled", "duty"); err != nil {
			return err
		}
		if _, err := r.exec(ctx, "DELETE FROM agent_addresses WHERE workspace = ? AND agent = ?", r.ws, a.ID); err != nil {
			return err
		}
		seen := map[string]bool{}
		for _, address := range a.Addresses {
			address = strings.ToLower(address)
			if seen[address] {
				continue
			}
			seen[address] = true
			if err := r.insert(ctx, &addressRow{Workspace: r.ws, Address: address, Agent: string(a.ID)}); err != nil {
				return err
			}
		}
		return nil
	})
}

func (r repo) Agent(ctx context.Context, id core.AgentID) (core.Agent, error) {
	return take[agentRow](r.rows(ctx).Where("id = ?", id))
}

func (r repo) AgentByName(ctx context.Context, name string) (core.Agent, error) {
	return take[agentRow](r.rows(ctx).Where("name = ?", name))
}

// AgentByAddress finds an agent by any of their addresses, in whatever case.
func (r repo) AgentByAddress(ctx context.Context, address string) (core.Agent, error) {
	return take[agentRow](r.rows(ctx).Where("id = (SELECT agent FROM agent_addresses WHERE workspace = ? AND address = ?)", r.ws, strings.ToLower(address)))
}

// Agents lists the agents by name.
func (r repo) Agents(ctx context.Context) ([]core.Agent, error) {
	return list[agentRow](r.rows(ctx).Order("name"))
}

type teamRow struct {
	Workspace, ID, Name string
	Members             doc[[]core.AgentID]
	Desk                doc[teamDesk]
}

// teamDesk is how a team's conversations are assigned.
type teamDesk struct {
	Strategy core.Strategy `json:"strategy,omitzero"`
	Hours    core.Hours    `json:"hours,omitzero"`
}

func (teamRow) TableName() string { return "teams" }

func (r teamRow) core() core.Team {
	return core.Team{ID: core.TeamID(r.ID), Workspace: core.WorkspaceID(r.Workspace), Name: r.Name, Members: r.Members.v,
		Strategy: r.Desk.v.Strategy, Hours: r.Desk.v.Hours}
}

// SaveTeam inserts or replaces by id. ErrDuplicate: the name is another team's.
func (r repo) SaveTeam(ctx context.Context, t core.Team) error {
	row := teamRow{Workspace: r.ws, ID: string(t.ID), Name: t.Name, Members: asDoc(t.Members), Desk: asDoc(teamDesk{t.Strategy, t.Hours})}
	return r.put(ctx, &row, "workspace,id", "name", "members", "desk")
}

func (r repo) Team(ctx context.Context, id core.TeamID) (core.Team, error) {
	return take[teamRow](r.rows(ctx).Where("id = ?", id))
}

func (r repo) TeamByName(ctx context.Context, name string) (core.Team, error) {
	return take[teamRow](r.rows(ctx).Where("name = ?", name))
}

// Teams lists the teams by name.
func (r repo) Teams(ctx context.Context) ([]core.Team, error) {
	return list[teamRow](r.rows(ctx).Order("name"))
}

type forwardRow struct {
	Workspace, ID, Name string
	Channel, Team       optional
	Recipients          doc[[]core.AgentID]
	Assigned            bool
}

func (forwardRow) TableName() string { return "forwards" }

func (r forwardRow) core() core.Forward {
	return core.Forward{ID: r.ID, Workspace: core.WorkspaceID(r.Workspace), Name: r.Name, Channel: core.ChannelID(r.Channel.id),
		Team: core.TeamID(r.Team.id), To: r.Recipients.v, Assigned: r.Assigned}
}

// SaveForward inserts or replaces by id.
func (r repo) SaveForward(ctx context.Context, f core.Forward) error {
	row := forwardRow{Workspace: r.ws, ID: f.ID, Name: f.Name, Channel: ref(f.Channel), Team: ref(f.Team), Recipients: asDoc(f.To), Assigned: f.Assigned}
	return r.put(ctx, &row, "workspace,id", "name", "channel", "team", "recipients", "assigned")
}

func (r repo) DeleteForward(ctx context.Context, id string) error {
	return changed(r.changes(ctx).Where("workspace = ? AND id = ?", r.ws, id).Delete(&forwardRow{}))
}

// Forwards lists the rules by name.
func (r repo) Forwards(ctx context.Context) ([]core.Forward, error) {
	return list[forwardRow](r.rows(ctx).Order("name, id"))
}

type keyRow struct {
	Workspace, ID, Name string
	Hash                []byte
	Scopes              doc[[]string]
	Created, Revoked    stamp
}

func (keyRow) TableName() string { return "api_keys" }

func (r keyRow) core() core.APIKey {
	return core.APIKey{ID: r.ID, Workspace: core.WorkspaceID(r.Workspace), Name: r.Name, Hash: r.Hash, Scopes: r.Scopes.v,
		Created: r.Created.time(), Revoked: r.Revoked.time()}
}

// SaveKey inserts or replaces by id. ErrDuplicate: the hash is another key's.
func (r repo) SaveKey(ctx context.Context, k core.APIKey) error {
	row := keyRow{Workspace: r.ws, ID: k.ID, Name: k.Name, Hash: notNil(k.Hash), Scopes: asDoc(k.Scopes), Created: at(k.Created), Revoked: at(k.Revoked)}
	return r.put(ctx, &row, "workspace,id", "name", "hash", "scopes", "revoked")
}

// Keys lists the API keys, oldest first.
func (r repo) Keys(ctx context.Context) ([]core.APIKey, error) {
	return list[keyRow](r.rows(ctx).Order(clause.OrderByColumn{Column: clause.Column{Name: "id"}}))
}
