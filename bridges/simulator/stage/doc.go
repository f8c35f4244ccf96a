// Package stage shows the simulated world on web pages, where a person plays the customer and the agents,
// and lets scripts drive it by JSON under /api/.
//
// It has no login: serve it on loopback only.
package stage
