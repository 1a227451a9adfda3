package calm

import (
	"fmt"
	"log/slog"
	"reflect"
)

// The longest texts in a log line; a stack has more to say.
const (
	maxText  = 256
	maxStack = 8 << 10
	stackKey = "stack"
)

// plain is a with nothing in it but calm texts, numbers, times and groups of them.
func plain(a slog.Attr) slog.Attr {
	most := maxText
	if a.Key == stackKey {
		most = maxStack
	}
	return slog.Attr{Key: Text(a.Key, maxText), Value: plainValue(a.Value, most)}
}

func plainAll(attrs []slog.Attr) []slog.Attr {
	calm := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		calm[i] = plain(a)
	}
	return calm
}

func plainValue(v slog.Value, most int) slog.Value {
	switch v = v.Resolve(); v.Kind() { // it has a recover of its own
	case slog.KindString:
		return slog.StringValue(Text(v.String(), most))
	case slog.KindGroup:
		return slog.GroupValue(plainAll(v.Group())...)
	case slog.KindAny:
		if v.Any() == nil {
			return v
		}
		return slog.StringValue(Text(textOf(v.Any()), most))
	}
	return v
}

// textOf is v in words. fmt sees to panics in methods of v, but not to one of the value that
// another panicked with.
func textOf(v any) (s string) {
	defer func() {
		if recover() != nil {
			s = fmt.Sprintf("%T that panics", v)
		}
	}()
	format := "%+v"
	if t := reflect.TypeOf(v); t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8 {
		format = "%s"
	}
	return fmt.Sprintf(format, v)
}
