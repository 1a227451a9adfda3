package view_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/fairlead-go/fairlead/messages"
	"github.com/fairlead-go/fairlead/supervisor/cluster/view"
)

func member(i int, id string) *messages.Member {
	return &messages.Member{Id: id, Address: address(i)}
}

// alone is a machine that is the only member of its view.
func alone() *view.Machine {
	m := view.New(view.Config{Self: member(0, "m0"), Expect: 1})
	m.Tick(time.Second)
	return m
}

func beat(b *messages.Beat) *messages.Peer {
	return &messages.Peer{Body: &messages.Peer_Beat{Beat: b}}
}

func TestBuggyPeers(t *testing.T) {
	b := &messages.Ballot{Round: 1, By: "b"}
	huge := &messages.View{Number: 2, Ballot: b}
	for i := range 5000 {
		huge.Members = append(huge.Members, member(i, fmt.Sprint(i)))
	}
	double := &messages.View{Number: 2, Ballot: b, Members: []*messages.Member{member(1, "x"), member(1, "y")}}
	last := &messages.Ballot{Round: math.MaxUint64, By: "z"}
	for name, p := range map[string]*messages.Peer{
		"nothing":          nil,
		"no body":          {},
		"nil beat":         {Body: &messages.Peer_Beat{}},
		"nil view":         {Body: &messages.Peer_View{}},
		"nil prepare":      {Body: &messages.Peer_Prepare{}},
		"nil promise":      {Body: &messages.Peer_Promise{}},
		"nil accept":       {Body: &messages.Peer_Accept{}},
		"nil accepted":     {Body: &messages.Peer_Accepted{}},
		"clocks go back":   beat(&messages.Beat{Sent: math.MinInt64, Echo: math.MinInt64, Heard: math.MinInt64}),
		"clocks go ahead":  beat(&messages.Beat{Sent: math.MaxInt64, Echo: math.MaxInt64, Heard: math.MaxInt64}),
		"last view":        beat(&messages.Beat{Sent: 1, View: math.MaxUint64}),
		"empty view":       {Body: &messages.Peer_View{View: &messages.View{Number: 5, Ballot: b}}},
		"nil member":       {Body: &messages.Peer_View{View: &messages.View{Number: 5, Ballot: b, Members: []*messages.Member{nil}}}},
		"view zero":        {Body: &messages.Peer_View{View: &messages.View{Ballot: b, Members: []*messages.Member{member(1, "x")}}}},
		"huge view":        {Body: &messages.Peer_View{View: huge}},
		"one address":      {Body: &messages.Peer_View{View: double}},
		"no ballot":        {Body: &messages.Peer_Prepare{Prepare: &messages.Prepare{View: 1}}},
		"last round":       {Body: &messages.Peer_Prepare{Prepare: &messages.Prepare{View: 1, Ballot: last}}},
		"no value":         {Body: &messages.Peer_Accept{Accept: &messages.Accept{View: 1, Ballot: b}}},
		"no ballot, value": {Body: &messages.Peer_Accept{Accept: &messages.Accept{View: 1, Value: double}}},
		"last refusal":     {Body: &messages.Peer_Promise{Promise: &messages.Promise{View: 1, Ballot: last, Refused: true}}},
	} {
		t.Run(name, func(t *testing.T) {
			m := alone()
			m.Heard(time.Second, member(1, "b"), p)
			if m.View() == nil || m.Self().Id != "m0.1" {
				t.Errorf("%s is in %v", m.Self().Id, m.View())
			}
			m.Dead(time.Second, address(1)) // and the machine goes on as before
			m.Heard(2*time.Second, member(2, "c"), beat(&messages.Beat{Sent: 1}))
			m.Tick(3 * time.Second)
			if len(m.View().GetMembers()) < 2 {
				t.Errorf("nobody is let in any more: %v", m.View())
			}
		})
	}
}

func TestNobodyMakesItKeepMuch(t *testing.T) {
	m := alone()
	long := strings.Repeat("x", 300)
	for _, who := range []*messages.Member{
		nil,
		{},
		{Id: "x"},
		{Address: "x"},
		member(1, long),
		{Id: "x", Address: long},
		{Id: "x", Address: "y", Kinds: []string{long}},
		{Id: "x", Address: "y", Roles: make([]string, 65)},
	} {
		m.Met(time.Second, who)
	}
	if n := view.Nodes(m); n != 0 {
		t.Errorf("it knows %d", n)
	}
	for i := range 5000 {
		m.Met(time.Second, member(1, fmt.Sprint(i)))
		m.Met(time.Second, member(i+2, fmt.Sprint("x", i)))
	}
	if n, b := view.Nodes(m), view.Buried(m); n > view.MostNodes || b > 2*view.MostNodes {
		t.Errorf("it knows %d, and %d that are no more", n, b)
	}
	m.Tick(5 * time.Minute)
	if n := view.Nodes(m); n != 0 {
		t.Errorf("it knows %d who have been silent", n)
	}
}

// An id that is no more comes never back, however many others have gone before.
func TestTheDeadStayBuried(t *testing.T) {
	m := alone()
	for i := range 3000 {
		m.Met(time.Second, member(1, fmt.Sprint(i)))
		m.Met(time.Second, member(1, fmt.Sprint(i-1)))
		m.Heard(time.Second, member(1, fmt.Sprint(i-1)), beat(&messages.Beat{Sent: 1}))
	}
	m.Heard(2*time.Second, member(1, "2999"), beat(&messages.Beat{Sent: 1}))
	m.Tick(2 * time.Second)
	if v := m.View(); len(v.Members) != 2 || v.Members[1].Id != "2999" {
		t.Errorf("in %v", v)
	}
}

// FuzzHeard has a machine hear anything from anybody. Each piece of the input is an op, who, how long after the one
// before, and a length and the message.
func FuzzHeard(f *testing.F) {
	var seed []byte
	w := newWorld(1, 3, func(int) view.Config { return view.Config{Expect: 2} })
	w.spy = func(l *letter) {
		if b, err := proto.Marshal(l.peer); l.to == 0 && err == nil {
			seed = append(seed, 0, byte(l.from), 10)
			seed = binary.AppendUvarint(seed, uint64(len(b)))
			seed = append(seed, b...)
		}
	}
	for i := range 3 {
		w.start(i)
	}
	w.run(time.Second)
	w.crash(1, true)
	w.run(time.Second)
	f.Add(seed)
	f.Add([]byte{1, 1, 200, 2, 2, 100, 3, 3, 255, 4, 0, 9})
	f.Fuzz(func(t *testing.T, data []byte) {
		m := view.New(view.Config{Self: member(0, "m0-1"), Expect: 2})
		var now time.Duration
		for len(data) >= 3 {
			op, who := data[0], member(int(data[1]%8), fmt.Sprintf("m%d-1.%d", data[1]%8, data[1]/8+1))
			now += time.Duration(data[2]) * 10 * time.Millisecond
			data = data[3:]
			switch op % 6 {
			case 0:
				length, n := binary.Uvarint(data)
				if n <= 0 || length > uint64(len(data)-n) {
					return
				}
				p := new(messages.Peer)
				_ = proto.Unmarshal(data[n:n+int(length)], p) // half a message is one, too
				data = data[n+int(length):]
				m.Heard(now, who, p)
			case 1:
				m.Tick(now)
			case 2:
				m.Met(now, who)
			case 3:
				m.Dead(now, who.Address)
			case 4:
				m.Retire(now)
			case 5:
				m.Leave(now)
			}
			if n := view.Nodes(m); n > view.MostNodes {
				t.Fatalf("it knows %d", n)
			}
			m.Standing(now)
		}
	})
}
