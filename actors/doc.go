// Package actors is the life of fairlead: who owns what while the server runs.
// Users meet its routes (NewRoute, Handle, RoutePID, RouteFunc), the Context
// and Reply of their handlers, and Groups; the rest is the tree that
// package supervisor starts. See docs/architecture.md.
package actors
