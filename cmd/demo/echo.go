package main

import "github.com/fairlead-go/fairlead/actors"

// echo answers lobby.echo with the body as it came.
func echo(_ *actors.Context, body []byte) ([]byte, error) { return body, nil }
