// Package stream is what Conns over streams of bytes are made of: the Wire itself, and the WebSocket on
// one. Connectors share it, since they never import each other.
package stream
