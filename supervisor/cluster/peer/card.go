package peer

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/fairlead-go/fairlead/messages"
)

// errOurselves says that this very process is at both ends: its address was in a list of nodes.
var errOurselves = errors.New("peer: the node is ourselves")

func cardOf(h Handler) *messages.Peer {
	return &messages.Peer{Body: &messages.Peer_Card{Card: h.Card()}}
}

// accept says who is at the other end of a stream, from its card, or refuses it with a status.
func (m *Mesh) accept(p *messages.Peer, l *link) (*messages.Member, error) {
	card := p.GetCard()
	who := card.GetMember()
	if who == nil || who.GetId() == "" {
		return nil, status.Error(codes.InvalidArgument, "the first message is no card")
	}
	if who.GetAddress() == m.config.Address {
		if boot(who.GetId()) == boot(m.handler.Card().GetMember().GetId()) {
			return who, errOurselves
		}
		return who, status.Errorf(codes.FailedPrecondition, "two nodes have the address %q", who.GetAddress())
	}
	if why := differs(m.config, card); why != "" {
		return who, status.Error(codes.FailedPrecondition, why)
	}
	host, err := hostOf(who.GetAddress())
	if err != nil {
		return who, status.Errorf(codes.InvalidArgument, "the card's address: %v", err)
	}
	if err := l.speaksFor(host); err != nil {
		return who, status.Errorf(codes.PermissionDenied, "the certificate is not for the card's address %q: %v", who.GetAddress(), err)
	}
	return who, nil
}

// differs tells why a node cannot be in a cluster with us. The text is read on both sides.
func differs(ours Config, theirs *messages.Card) string {
	if theirs.GetCluster() != ours.Cluster {
		return fmt.Sprintf("clusters differ: %q and %q", ours.Cluster, theirs.GetCluster())
	}
	if theirs.GetVersion() != Version {
		return fmt.Sprintf("versions of the protocol between nodes differ: %d and %d", Version, theirs.GetVersion())
	}
	var packages []string
	for _, name := range slices.Sorted(maps.Keys(theirs.GetTypes())) {
		if hash, ok := ours.Types[name]; ok && hash != theirs.GetTypes()[name] {
			packages = append(packages, name)
		}
	}
	if packages != nil {
		return "message types differ in package " + strings.Join(packages, ", ")
	}
	return ""
}

// boot is what of a member's id stays when it returns under a new one.
func boot(id string) string {
	if i := strings.LastIndexByte(id, '.'); i > 0 {
		return id[:i]
	}
	return id
}

// maxSaid bounds what is remembered of refusals: who is refused chooses its address.
const maxSaid = 1024

// say logs a refusal, once for each address and reason.
func (m *Mesh) say(address, text string, why error) {
	reason := status.Convert(why).Message()
	m.mu.Lock()
	said := m.said[address] == text+reason
	if len(m.said) >= maxSaid {
		clear(m.said)
	}
	m.said[address] = text + reason
	m.mu.Unlock()
	if !said {
		m.log.Warn(text, "address", address, "why", reason)
	}
}

// unsay makes the next refusal news again.
func (m *Mesh) unsay(address string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.said, address)
}
