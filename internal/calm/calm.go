// Package calm makes loggers that nobody outside can upset: what clients send reaches a line
// only escaped and cut, and what happens a thousand times a second is told ten times.
package calm

import (
	"context"
	"fmt"
	"log/slog"
)

// New is l with a calm handler before its own; a nil l is slog.Default(). A logger that is
// calm comes back as it is.
//
// In messages, keys and values all texts are Text, at most 256 bytes each, or 8 KiB in an
// attribute named "stack". Values that are no number, time or group become texts, errors and
// Stringers by their methods; one that panics costs its text only. A panic of the handler
// itself costs the line.
//
// Of one message at most ten lines come within a second. The first behind those that did not
// come has an attribute "suppressed" that tells how many they were. Time is what records say.
func New(l *slog.Logger) *slog.Logger {
	if l == nil {
		l = slog.Default()
	}
	if _, ok := l.Handler().(*handler); ok {
		return l
	}
	return slog.New(&handler{l.Handler(), new(storm)})
}

type handler struct {
	next  slog.Handler
	storm *storm // shared with the handlers made of this one
}

// Enabled is asked before anything is looked at.
func (h *handler) Enabled(ctx context.Context, level slog.Level) (on bool) {
	defer func() { _ = recover() }()
	return h.next.Enabled(ctx, level)
}

// Handle passes a calm record on, if it may come.
func (h *handler) Handle(ctx context.Context, r slog.Record) (err error) {
	message := Text(r.Message, maxText)
	suppressed, ok := h.storm.admit(message, r.Time)
	if !ok {
		return nil
	}
	calm := slog.NewRecord(r.Time, r.Level, message, r.PC)
	r.Attrs(func(a slog.Attr) bool {
		calm.AddAttrs(plain(a))
		return true
	})
	if suppressed > 0 {
		calm.AddAttrs(slog.Int("suppressed", suppressed))
	}
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("calm: the handler panicked: %s", textOf(v))
		}
	}()
	return h.next.Handle(ctx, calm)
}

// WithAttrs is the handler for lines that all have these attributes.
func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &handler{h.next.WithAttrs(plainAll(attrs)), h.storm}
}

// WithGroup is the handler for lines whose attributes are in a group.
func (h *handler) WithGroup(name string) slog.Handler {
	return &handler{h.next.WithGroup(Text(name, maxText)), h.storm}
}
