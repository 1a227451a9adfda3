// Package registry knows which user is bound to which sockets, on all nodes of a cluster together. It is pure:
// no I/O, no clock, no goroutine.
//
// Every user has a registrar: the gate that owns the user's slot in the view. What a registrar knows can be
// lost at any time, since gates know what their own sockets are bound to, and tell it again with each view.
package registry
