// Package view lets the nodes of a cluster agree on who is one of them. It is pure: no I/O, no clock, no
// goroutine.
//
// Members agree on views, one after the other: each by Paxos, whose acceptors are the members of the view
// before. A member stands, and may own things, while most others of its view have shown that they hear it: it has a lease. A
// silent member is left out of the next view only when its lease has run out for certain, so that what it owned is nobody's
// before it is somebody else's. Whose port refuses connections is dead for certain, and waits for nothing.
//
// # What always holds
//
//   - No two living nodes stand in different views of one number.
//   - No member stands while another node is in a later view without it.
//   - When faults have ended, all nodes soon stand in one view.
//
// One view of a number: two quorums of a view meet in a member (Machine.quorum), which remembers what it promised and
// accepted; so whoever proposes later proposes what may have been agreed on already, as in any Paxos. A member that has lost
// its memory has another id, and no voice in the old view. The exception is a quorum of all who are not dead, which may miss
// another one all of whose members have died. Of what those agreed to only a newcomer can know, and it stands in that view
// not before members have vouched for it who have heard that it is there. Those accept nothing else until they have learned the
// view or its lease has run out.
//
// Nobody stands who is left out: a lease needs a quorum of members that vouch, and the next view a quorum that accept, so
// some member does both. It accepts a view without X only when it has given back nothing new of X's clock for Expel, which is longer
// than Fence, the lease that it gave (both are measured from when X sent: what travels slowly makes a lease shorter, never
// longer). From when it has accepted, it vouches for nobody until it knows what came of it: it is mute. In a
// new view it counts the wait from when the view began, since others may have vouched for X in the view before
// until then; and who is ahead of X vouches for it no more. Who leaves, or is dead, holds no lease.
//
// It goes on: a view that has been accepted by some, and does not fit any more because it leaves out who has come back,
// may have been agreed on. So it is proposed again, and all who hear of it let the leases of those run out whom it
// leaves out, until it fits. Who finds that it has been left out resigns, and comes back as a newcomer with another id.
// Who has been cut off itself proposes to leave nobody out until it has stood again for a while.
//
// # What must be true
//
// Clocks of nodes may differ, but run equally fast: Expel is longer than Fence by what they may not. Who is told to
// be dead for certain is dead. Expect is more than half of all nodes that ever start while none of them is in
// a view. The last two, broken, can make two clusters; when they meet, the one with the lower view resigns.
//
// One case is left open: a majority agrees on a view with more newcomers than old members, dies at once, and those who are
// left are cut off from the newcomers while they learn for certain that the majority is dead. Then both may go on.
package view
