package messages

import "strings"

// Why a socket closed: short names for the generated ones.
const (
	CauseClient           = Cause_CAUSE_CLIENT
	CauseKicked           = Cause_CAUSE_KICKED
	CauseClosed           = Cause_CAUSE_CLOSED
	CauseStopping         = Cause_CAUSE_STOPPING
	CauseNetwork          = Cause_CAUSE_NETWORK
	CauseMalformed        = Cause_CAUSE_MALFORMED
	CauseTooLarge         = Cause_CAUSE_TOO_LARGE
	CauseRefused          = Cause_CAUSE_REFUSED
	CauseHandshakeTimeout = Cause_CAUSE_HANDSHAKE_TIMEOUT
	CauseHeartbeatTimeout = Cause_CAUSE_HEARTBEAT_TIMEOUT
	CauseStalled          = Cause_CAUSE_STALLED
	CauseSlow             = Cause_CAUSE_SLOW
	CauseFailed           = Cause_CAUSE_FAILED
	CauseDraining         = Cause_CAUSE_DRAINING
	CauseOffending        = Cause_CAUSE_OFFENDING
	CauseOverloaded       = Cause_CAUSE_OVERLOADED
	CauseReplaced         = Cause_CAUSE_REPLACED
)

// Word is the cause in lower-case words: "heartbeat timeout".
func (c Cause) Word() string {
	return strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(c.String(), "CAUSE_"), "_", " "))
}
