// Package interop holds fairlead against the original. Its tests replay
// recorded sessions of a Pomelo server, run Pomelo's own browser client against
// our server, and send what no client would.
package interop
