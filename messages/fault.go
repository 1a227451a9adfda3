package messages

import "strings"

// What may fail without ending a connection: short names for the generated ones.
const (
	FaultHandlerError   = FaultKind_FAULT_HANDLER_ERROR
	FaultHandlerPanic   = FaultKind_FAULT_HANDLER_PANIC
	FaultRouteRestarted = FaultKind_FAULT_ROUTE_RESTARTED
	FaultDecode         = FaultKind_FAULT_DECODE
	FaultEncode         = FaultKind_FAULT_ENCODE
	FaultHook           = FaultKind_FAULT_HOOK
	FaultCallback       = FaultKind_FAULT_CALLBACK
	FaultSocket         = FaultKind_FAULT_SOCKET
	FaultConn           = FaultKind_FAULT_CONN
	FaultListener       = FaultKind_FAULT_LISTENER
	FaultBatcher        = FaultKind_FAULT_BATCHER
	FaultTree           = FaultKind_FAULT_TREE
	FaultReplaced       = FaultKind_FAULT_REPLACED
	FaultBusy           = FaultKind_FAULT_BUSY
	FaultExpired        = FaultKind_FAULT_EXPIRED
	FaultStale          = FaultKind_FAULT_STALE
	FaultShed           = FaultKind_FAULT_SHED
	FaultGroupBusy      = FaultKind_FAULT_GROUP_BUSY
	FaultUndelivered    = FaultKind_FAULT_UNDELIVERED
)

// Word is the kind in lower-case words: "handler panic".
func (k FaultKind) Word() string {
	return strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(k.String(), "FAULT_"), "_", " "))
}
