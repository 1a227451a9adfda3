// Package view lets the nodes of a cluster agree on who is one of them. It is pure: no I/O, no clock, no
// goroutine.
//
// Members agree on views, one after the other: each by Paxos, whose acceptors are the members of the view
// before. A member stands, and may own things, while most others of its view have shown that they hear it: it has a lease. A
// silent member is left out of the next view only when its lease has run out for certain, so that what it owned is nobody's
// before it is somebody else's. Whose port refuses connections is dead for certain, and waits for nothing.
package view
