// Package session keeps channels open. A Manager makes links from what the store and the vault hold, gives each its core.Host, and opens them anew when
// an admin changes them. A Runner runs the connections that channels keep, each on one node at a time, under a lease (tenure).
//
// The Manager's workers do what is done for a channel in the background: Fetch brings media, Templates and Imports what the provider hands over, Profile
// names, Ask whose news it is, Alarm tells the admins. Renew prolongs credentials; Pair joins a phone.
//
// What can fail, and how: a channel whose settings or secrets do not do is not opened, and Link returns the Problem; a session that ends is begun again
// with growing delay, and the channel's health tells of it when it goes on; one whose lease is lost ends, and can store nothing any more.
package session
