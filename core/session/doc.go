// Package session keeps channels open: it makes links from what the store and the vault hold, gives each its Host, opens them anew when an
// admin changes them, and runs what is done for a channel in the background (syncing templates, fetching media, alerts).
package session
