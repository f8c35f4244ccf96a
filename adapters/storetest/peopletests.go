package storetest

import (
	"time"

	"causeway/core"
)

func agents(w *world) {
	a := core.Agent{ID: "a1", Workspace: w.ws, Name: "Ben", Addresses: []string{"ben@shop.example", "b@home.example"}, Language: "de", Epoch: 3, Created: noon.UTC()}
	w.must(w.repo.SaveAgent(w.Context(), a))
	for _, address := range []string{"ben@shop.example", "B@Home.example"} {
		got, err := w.repo.AgentByAddress(w.Context(), address)
		same(w, "AgentByAddress", got, a, err)
	}
	a.Addresses, a.Disabled, a.Epoch = []string{"ben@new.example"}, true, 4
	w.must(w.repo.SaveAgent(w.Context(), a))
	got, err := w.repo.Agent(w.Context(), "a1")
	same(w, "replaced", got, a, err)
	got, err = w.repo.AgentByName(w.Context(), "Ben")
	same(w, "AgentByName", got, a, err)
	_, err = w.repo.AgentByAddress(w.Context(), "b@home.example")
	missing(w, "an address given up", err)
	_, err = w.repo.AgentByName(w.Context(), "Nobody")
	missing(w, "AgentByName", err)
	duplicate(w, "another's address", w.repo.SaveAgent(w.Context(), core.Agent{ID: "a2", Name: "Cyd", Addresses: []string{"BEN@new.example"}}))
	duplicate(w, "another's name", w.repo.SaveAgent(w.Context(), core.Agent{ID: "a2", Name: "Ben"}))
	_, err = w.repo.Agent(w.Context(), "a2")
	missing(w, "the agent that was refused", err)
	all, err := w.repo.Agents(w.Context())
	same(w, "Agents", all, []core.Agent{w.agent, a}, err)
}

func teams(w *world) {
	x := core.Team{ID: "t1", Workspace: w.ws, Name: "Sales", Members: []core.AgentID{w.agent.ID, "z", "a"}}
	w.must(w.repo.SaveTeam(w.Context(), x))
	x.Members = x.Members[:1]
	w.must(w.repo.SaveTeam(w.Context(), x))
	got, err := w.repo.Team(w.Context(), "t1")
	same(w, "Team", got, x, err)
	got, err = w.repo.TeamByName(w.Context(), "Sales")
	same(w, "TeamByName", got, x, err)
	all, err := w.repo.Teams(w.Context())
	same(w, "Teams", all, []core.Team{x}, err)
	_, err = w.repo.Team(w.Context(), "none")
	missing(w, "Team", err)
	duplicate(w, "name", w.repo.SaveTeam(w.Context(), core.Team{ID: "t2", Name: "Sales"}))
}

func forwards(w *world) {
	w.must(w.repo.SaveTeam(w.Context(), core.Team{ID: "t1", Name: "Sales"}))
	f := core.Forward{ID: "f1", Workspace: w.ws, Name: "sales mail", Channel: w.ch.ID, Team: "t1", To: []core.AgentID{w.agent.ID}, Assigned: true}
	w.must(w.repo.SaveForward(w.Context(), f))
	every := core.Forward{ID: "f2", Workspace: w.ws, Name: "all", Assigned: true}
	w.must(w.repo.SaveForward(w.Context(), every))
	f.Team, f.Assigned = "", false
	w.must(w.repo.SaveForward(w.Context(), f))
	got, err := w.repo.Forwards(w.Context())
	same(w, "Forwards", got, []core.Forward{every, f}, err)
	w.must(w.repo.DeleteForward(w.Context(), "f2"))
	missing(w, "deleted twice", w.repo.DeleteForward(w.Context(), "f2"))
	got, err = w.repo.Forwards(w.Context())
	same(w, "after deleting", got, []core.Forward{f}, err)
}

func keys(w *world) {
	k := core.APIKey{ID: "k1", Workspace: w.ws, Name: "crm", Hash: []byte{1, 2, 0, 3}, Scopes: []string{"read", "send"}, Created: noon.UTC()}
	w.must(w.repo.SaveKey(w.Context(), k))
	got, err := w.store.KeyByHash(w.Context(), k.Hash)
	same(w, "KeyByHash", got, k, err)
	k.Revoked = noon.Add(time.Hour).UTC()
	w.must(w.repo.SaveKey(w.Context(), k))
	got, err = w.store.KeyByHash(w.Context(), k.Hash)
	same(w, "revoked", got, k, err)
	_, err = w.store.KeyByHash(w.Context(), []byte("other"))
	missing(w, "KeyByHash", err)
	all, err := w.repo.Keys(w.Context())
	same(w, "Keys", all, []core.APIKey{k}, err)
	duplicate(w, "hash", w.repo.SaveKey(w.Context(), core.APIKey{ID: "k2", Hash: k.Hash}))
}
