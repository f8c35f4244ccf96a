//go:build race

package whatsappdevice

import "time"

// quietFor is how long a session is left alone before it is ended: whatsmeow's own requests in the background race with each other where a disconnect
// meets several of them, and that is not what is tested here.
const quietFor = 1500 * time.Millisecond
