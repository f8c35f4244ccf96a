//go:build !race

package whatsappdevice

// quietFor is how long a session is left alone before it is ended.
const quietFor = 0
