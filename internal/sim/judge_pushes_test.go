package sim_test

// chance is what is known of whether a client is meant.
type chance struct{ possible, sure bool }

// before tells whether a was surely done before b: by the same one, or long before.
func (t *trial) before(a, b *event) bool {
	return a.lane != "" && a.lane == b.lane && a.no < b.no || a.at+patience <= b.at
}

// means tells whether a push is for a client.
func (t *trial) means(f *file, p *event) chance {
	o := p.op
	switch {
	case o.boom() && (o.Key == 1 || t.sch.Setup.Custom), len(f.in) == 0:
		return chance{}
	case o.Do == "user":
		return t.isUser(f, p)
	case o.Do == "all":
		return chance{!t.before(p, f.in[0]), t.before(f.in[0], p)}
	case (o.Do == "where" || o.Do == "whereBoom") && f.no%2 == 1:
		return chance{}
	case o.toGroup():
		return t.isMember(f, p)
	}
	return chance{p.client == f.no, p.client == f.no}
}

// isUser: bound by who waited for it, and never unbound, is surely bound.
func (t *trial) isUser(f *file, p *event) (is chance) {
	off := false
	for _, c := range t.changes {
		switch {
		case c.client != f.no:
		case c.op.Do == "bind" && c.op.User == p.op.User:
			is.possible = is.possible || !t.before(p, c)
			is.sure = is.sure || c.what == bound && c.no < p.no
		case c.op.Do == "unbind":
			off = true
		}
	}
	is.sure = is.sure && !off
	return is
}

func (t *trial) isMember(f *file, p *event) (is chance) {
	var joins, leaves []*event
	for _, c := range t.changes {
		if c.client == f.no && c.op.Group == p.op.Group {
			switch c.op.Do {
			case "join":
				joins = append(joins, c)
			case "leave":
				leaves = append(leaves, c)
			}
		}
	}
	for _, j := range joins {
		if t.before(p, j) {
			continue
		}
		possible, sure := true, t.before(j, p)
		for _, l := range leaves {
			possible = possible && !(t.before(j, l) && t.before(l, p))
			sure = sure && (t.before(p, l) || t.before(l, j))
		}
		is.possible, is.sure = is.possible || possible, is.sure || sure
	}
	is.sure = is.sure && !t.treeHad("stopBatcher")
	return is
}

// notForIt: nobody gets what was surely not for them.
func (t *trial) notForIt(f *file) {
	for _, e := range f.items {
		if e.what != gotPush {
			continue
		}
		if e.tag <= 0 || e.tag >= len(t.pushed) || t.pushed[e.tag] == nil {
			t.accuse(f, "push %d, which nobody sent", e.tag)
		} else if p := t.pushed[e.tag]; !t.means(f, p).possible {
			t.accuse(f, "push [%v] was not for it", p)
		}
	}
}

// missing: what was surely for a client comes, unless it was replaced, may be dropped, or the
// client left.
func (t *trial) missing(f *file) {
	come := map[int]bool{}
	for _, e := range f.items {
		if e.what == gotPush {
			come[e.tag] = true
		}
	}
	if f.has("deaf", "vanish") {
		return
	}
	from := t.lossFrom(f)
	for _, p := range t.pushed[1:] {
		if come[p.tag] || p.op.lossy() || p.at+delivery >= min(from, t.stopped) {
			continue
		}
		if t.means(f, p).sure && !t.replaced(f, p) && !t.treeHadAt(p.at+delivery, "stopBatcher") {
			t.accuse(f, "[%v] is missing", p)
		}
	}
}

// replaced tells whether a newer push with the same key may have taken its place.
func (t *trial) replaced(f *file, p *event) bool {
	key := p.op.key()
	if key == "" {
		return false
	}
	for _, n := range t.pushed[1:] {
		same := n != p && n.op.key() == key && n.op.Do == p.op.Do && n.op.Group*b2g(p) == p.op.Group*b2g(p)
		if same && !t.before(n, p) && t.means(f, n).possible {
			return true
		}
	}
	return false
}

// b2g is 1 when the push's group counts.
func b2g(p *event) int { return int(b2i(p.op.toGroup())) }
