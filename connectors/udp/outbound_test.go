package udp_test

import (
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/udp"
	"github.com/fairlead-go/fairlead/messages"
)

// TestBatchesAreSplitBetweenPackages is P19.8.
func TestBatchesAreSplitBetweenPackages(t *testing.T) {
	one := func(n int) []byte { return []byte(pkg(4, strings.Repeat("x", n-4))) }
	for name, tt := range map[string]struct {
		packages []int // lengths
		want     []int // of datagrams
	}{
		"one":                  {[]int{100}, []int{100}},
		"as many as fit":       {[]int{400, 400, 400}, []int{1200}},
		"one byte more":        {[]int{400, 400, 401}, []int{800, 401}},
		"a long one between":   {[]int{100, 5000, 100, 100}, []int{100, 5000, 200}},
		"the longest":          {[]int{udp.MaxDatagram}, []int{udp.MaxDatagram}},
		"one that is too long": {[]int{10, udp.MaxDatagram + 1, 10}, []int{20}},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, &udp.Connector{}, func(r *rig) {
				p := r.net.join(host(1))
				r.shake(p)
				var batch net.Buffers
				for _, n := range tt.packages {
					batch = append(batch, one(n))
				}
				s := <-r.sessions
				defer s.end(connectors.Reason{})
				if err := s.Write(batch); err != nil {
					t.Fatal(err)
				}
				var got []int
				for len(p.in) > 0 {
					got = append(got, len(<-p.in))
				}
				if !slices.Equal(got, tt.want) {
					t.Errorf("datagrams of %d bytes, want %d", got, tt.want)
				}
			})
		})
	}
}

// TestWhatNoDatagramTakesIsNotEncoded is P19.8: actors answer 500 instead.
func TestWhatNoDatagramTakesIsNotEncoded(t *testing.T) {
	bubble(t, &udp.Connector{}, func(r *rig) {
		p := r.net.join(host(1))
		r.shake(p)
		s := <-r.sessions
		defer s.end(connectors.Reason{})
		const head = 4 + 2
		for n, fits := range map[int]bool{udp.MaxDatagram - head: true, udp.MaxDatagram - head + 1: false} {
			body := []byte(`"` + strings.Repeat("x", n-2) + `"`)
			b, err := s.codec.AppendResponse([]byte("x"), connectors.Origin{ID: 1}, &messages.Response{Body: body})
			if fits != (err == nil) || !fits && string(b) != "x" {
				t.Errorf("a body of %d bytes: %d bytes, %v", n, len(b), err)
			}
		}
	})
}
