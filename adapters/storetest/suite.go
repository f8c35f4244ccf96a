package storetest

import (
	"testing"

	"causeway/core"
)

// Run tests a store. open returns a fresh, migrated, empty one for each test and closes it after the test.
func Run(t *testing.T, open func(t *testing.T) core.Store) {
	for _, c := range []struct {
		name string
		test func(w *world)
	}{
		{"store/workspaces", workspaces}, {"store/across workspaces", acrossWorkspaces}, {"store/key rotation", keyRotation}, {"store/ping", ping},
		{"tx/rollback leaves nothing", rollback}, {"tx/panic leaves nothing", panicking}, {"tx/try undoes itself only", try},
		{"tx/nested try", nestedTry}, {"tx/cancelled context", cancelled}, {"tx/parallel counters", parallelCounters}, {"tx/crossed locks", crossedLocks},
		{"workspace/second sees nothing of the first", isolation}, {"workspace/same id in both", sameID}, {"workspace/no reference across", noReference},
		{"channel/save and read", channels}, {"channel/state and health", channelState}, {"channel/seen only forward", seenIn},
		{"channel/unique names and accounts", uniqueChannels}, {"channel/removed", removedChannel}, {"channel/stripped", strippedChannel}, {"channel/set up again", restoredChannel}, {"channel/secrets", secrets}, {"channel/values", values}, {"channel/swaps", swaps}, {"channel/log pages", channelLog},
		{"template/replace", templates}, {"template/news", templateNews},
		{"people/agents", agents}, {"people/teams", teams}, {"people/forwards", forwards}, {"people/keys", keys},
		{"contact/save and page", contacts}, {"contact/identities in order", identities}, {"contact/one identity in 50 races", identityRace},
		{"contact/move and merge", moves}, {"contact/core merge and undo", merges},
		{"wish/last word", wishes}, {"wish/changed once in 20 races", wishRace},
		{"reach/what its parts say", reach}, {"window/newest of all identities", windows}, {"window/only forward", windowForward},
		{"conversation/save and read", conversations}, {"conversation/one open in 50 races", openRace}, {"conversation/reopen beside an open one", reopen},
		{"conversation/numbers count without gaps", numbers}, {"conversation/all that are open", allOpen}, {"conversation/inbox pages", inbox}, {"conversation/inbox never tears an instant", inboxTies},
		{"conversation/filters", filters}, {"conversation/sequence", sequences}, {"conversation/history", history}, {"conversation/lanes fence", lanes},
		{"message/save and read", messages}, {"message/duplicates leave nothing", messageDuplicates}, {"message/one of 50 races", messageRace},
		{"message/pages", messagePages}, {"message/last sender", lastSender}, {"message/timeline", timeline}, {"message/edit and revoke", edits}, {"message/automatic", automatic}, {"message/reactions", reactions}, {"message/reactions everywhere", reactionsEverywhere}, {"message/unreadable text", unreadable},
		{"part/next", nextPart}, {"part/set and find", parts}, {"part/provider id is taken", providerTaken}, {"part/by status", partsIn}, {"part/given up", givenUp}, {"part/attempts", attempts},
		{"file/save and set", files},
		{"event/claimed once in 50 races", claimRace}, {"event/claim goes with its transaction", claimRollback}, {"event/parked", parked},
		{"event/parked while its message comes", parkRace}, {"event/parked while its message is sent", adoptRace}, {"event/overdue", overdue}, {"event/dead letters", deadLetters},
		{"ledger/enter and see", ledger}, {"ledger/one of 30 races", ledgerRace}, {"ledger/twins and what they have seen", twins}, {"ledger/both twins at once", twinRace},
		{"ledger/follows a merge", ledgerMerge}, {"ledger/out of history", enliven},
		{"mail/notices", notices}, {"mail/notice race", noticeRace}, {"mail/mails", mails},
		{"automation/happenings", happenings}, {"automation/handling", handling}, {"automation/fields and tags", knowledge}, {"automation/where", automated}, {"automation/surveys", surveys}, {"automation/facts", facts},
		{"desk/duties", duties}, {"desk/places in order", places}, {"desk/many at once", desksMany}, {"automation/settings as they are", settingsNow}, {"desk/one at a time", deskLock}, {"desk/strategies and shifts", strategies},
		{"broadcast/locked until the commit", broadcastLock}, {"broadcast/segments", segments},
		{"workflow/versions", workflows}, {"workflow/runs", runs}, {"workflow/one of 20 races", runRace}, {"workflow/orders", purchases},
		{"contact/a person or nothing", people}, {"bulk/claims", bulkClaims}, {"bulk/finds what single reads find", bulkFinds},
		{"bulk/writes", bulkWrites}, {"bulk/loses as a whole", bulkLoses}, {"bulk/one of 20 races", bulkRace},
		{"bulk/writes at the end", atEnd(bulkWrites)}, {"bulk/loses as a whole at the end", atEnd(bulkLoses)}, {"bulk/one of 20 races at the end", atEnd(bulkRace)},
		{"lease/take, renew, give back", leases}, {"lease/time is over", leaseEnds}, {"lease/one of 50 races", leaseRace},
		{"lease/held until the commit", leaseFence},
		{"expire/log", expireLog}, {"expire/events", expireEvents}, {"expire/letters", expireLetters}, {"expire/mails", expireMails},
		{"expire/values", expireValues}, {"expire/records", expireRecords},
		{"safe/keep, find, forget", records}, {"safe/in order", recordsInOrder}, {"safe/many at once", manyRecords}, {"safe/keys", recordKeys},
		{"safe/across workspaces", recordsElsewhere}, {"safe/under a lease", recordsUnderLease}, {"safe/its key in 20 races", addSecret},
		{"erase/sever", sever}, {"erase/messages in batches", eraseMessages}, {"erase/shared files", eraseShared}, {"erase/groups", eraseGroups},
		{"erase/mentions", eraseMentions}, {"erase/proof and what is remembered", erasures},
		{"time/precision and zone", precision},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(newWorld(t, open)) })
	}
}
