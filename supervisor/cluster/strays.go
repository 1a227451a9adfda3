package cluster

import "time"

// strayTime is how long a node is dialled that is silent, no member, and not the provider's.
const strayTime = 2 * time.Minute

// sees notes that a node is there.
func (k *keeper) sees(addresses ...string) {
	for _, address := range addresses {
		k.seen[address] = k.now()
	}
}

// forget gives up nodes that have gone for good: where each new one has another address they would be dialled for ever.
// One that comes back after all calls us.
func (k *keeper) forget(now time.Duration) {
	found := k.found.Load()
	for address, at := range k.seen {
		if now-at < strayTime || k.place.Load().has(address) || found != nil && (*found)[address] {
			continue
		}
		delete(k.seen, address)
		k.mesh.Forget(address)
	}
}

// finds is what the provider tells.
func (n *Node) finds(addresses []string) {
	found := map[string]bool{}
	for _, address := range addresses {
		found[address] = true
	}
	n.found.Store(&found)
	n.mesh.Know(addresses...)
	n.do(func() { n.keeper.sees(addresses...) })
}
