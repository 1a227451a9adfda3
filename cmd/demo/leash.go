package main

import (
	"context"
	"io"
	"os"
)

// leashed ends with ctx, or when something comes in: whoever started us wants us to end in good order. When nobody is
// left who could say so, the process ends at once.
func leashed(ctx context.Context, from io.Reader) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		word := make([]byte, 1)
		for {
			if _, err := from.Read(word); err != nil {
				os.Exit(1)
			}
			cancel()
		}
	}()
	return ctx
}
